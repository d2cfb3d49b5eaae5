#include "http/rejection.h"

#include <cassert>

namespace payswitch::http {
namespace {

struct Type {
  unsigned status;
  std::string_view slug;
  std::string_view title;
};

Type type_of(Rejection rejection) {
  switch (rejection) {
    case Rejection::none:
      break;
    case Rejection::malformed:
      return {400, "malformed-request", "The request is not well-formed HTTP"};
    case Rejection::timed_out:
      return {408, "request-timeout", "The request took too long to arrive"};
    case Rejection::body_too_large:
      return {413, "body-too-large", "The body is too large"};
    case Rejection::expectation_failed:
      return {417, "expectation-failed", "The only supported expectation is 100-continue"};
    case Rejection::headers_too_large:
      return {431, "headers-too-large", "The header is too large"};
    case Rejection::unknown_transfer_coding:
      return {501, "unknown-transfer-coding", "The only supported transfer coding is chunked"};
    case Rejection::too_many_connections:
      return {503, "too-many-connections", "There are too many connections"};
    case Rejection::unknown_version:
      return {505, "unknown-version", "The supported versions are HTTP/1.1 and HTTP/1.0"};
  }
  assert(false && "nothing was rejected");
  return {500, "", ""};
}

}  // namespace

Problem to_problem(Rejection rejection, std::string_view detail) {
  const Type type = type_of(rejection);
  return {.status = type.status,
          .slug = type.slug,
          .title = type.title,
          .detail = std::string{detail},
          .field = {}};
}

}  // namespace payswitch::http
