#include "http/request_events.h"

#include <algorithm>
#include <boost/beast/http/rfc7230.hpp>
#include <cassert>
#include <functional>

#include "http/ascii.h"
#include "http/target.h"

namespace payswitch::http {
namespace {

namespace beast = boost::beast;

Method to_method(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::get;
    case beast::http::verb::head:
      return Method::head;
    case beast::http::verb::post:
      return Method::post;
    case beast::http::verb::put:
      return Method::put;
    case beast::http::verb::delete_:
      return Method::del;
    default:
      return Method::other;
  }
}

bool is_number(std::string_view text) {
  return std::ranges::all_of(text, is_digit);
}

}  // namespace

RequestEvents::RequestEvents(Memory memory)
    : fields_(std::move(memory.fields)), chunked_body_(std::move(memory.chunked_body)) {
  fields_.clear();
  chunked_body_.clear();
}

RequestEvents::Memory RequestEvents::release_memory() {
  return {.fields = std::move(fields_), .chunked_body = std::move(chunked_body_)};
}

Rejection RequestEvents::judge_header() {
  if (hosts_ > 1 || (hosts_ == 0 && !is_http_1_0())) {
    complaint_ = hosts_ == 0 ? "no Host field" : "more than one Host field";
    return Rejection::malformed;
  }
  if (is_http_1_0() && has_transfer_encoding()) {
    complaint_ = "Transfer-Encoding in an HTTP/1.0 request";
    return Rejection::malformed;
  }
  if (const Rejection rejection = codings_.judge(); rejection != Rejection::none) {
    if (rejection == Rejection::malformed) complaint_ = codings_.complaint();
    return rejection;
  }
  // RFC 9110 section 10.1.1: an expectation of an HTTP/1.0 client is ignored.
  if (is_http_1_0()) expects_continue_ = expects_other_ = false;
  return expects_other_ ? Rejection::expectation_failed : Rejection::none;
}

void RequestEvents::on_request_impl(beast::http::verb verb, View, View target, int version,
                                    Error&) {
  method_ = to_method(verb);
  is_options_ = verb == beast::http::verb::options;
  target_ = piece(target);
  version_ = version;
}

void RequestEvents::on_field_impl(beast::http::field name, View name_text, View value,
                                  Error& error) {
  // Trailers come by here too; they are dropped (RFC 9110 section 6.5.1).
  if (header_done_) return;
  if (is_folded(name_text, value)) {
    return reject(Rejection::malformed, "a header field is folded over several lines", error);
  }
  fields_.push_back({.name = piece(name_text), .value = piece(value)});
  check_field(name, value, error);
}

void RequestEvents::check_field(beast::http::field name, std::string_view value, Error& error) {
  using beast::http::field;
  switch (name) {
    case field::host:
      ++hosts_;
      // RFC 9110 section 7.2: empty when the target has no authority.
      if (!value.empty() && !is_host(value)) {
        reject(Rejection::malformed, "the Host field names no host", error);
      }
      break;
    case field::content_length:
      // Beast lets equal lengths pass, in one field or in two.
      if (++content_lengths_ > 1 || !is_number(value)) {
        reject(Rejection::malformed, "more than one Content-Length", error);
      }
      break;
    case field::transfer_encoding:
      // Beast takes any list whose last coding is chunked, and ignores any other: it is judged with
      // the whole header, before a byte of the body.
      codings_.add(value);
      break;
    case field::connection:
      says_close_ = says_close_ || beast::http::token_list{value}.exists("close");
      break;
    case field::expect:
      (equal_ignoring_case(value, "100-continue") ? expects_continue_ : expects_other_) = true;
      break;
    default:
      break;
  }
}

std::size_t RequestEvents::on_body_impl(View body, Error&) {
  fixed_body_bytes_ += static_cast<std::uint32_t>(body.size());
  return body.size();
}

std::size_t RequestEvents::on_chunk_body_impl(std::uint64_t, View body, Error&) {
  chunked_body_.append(body.data(), body.size());
  return body.size();
}

RequestEvents::Piece RequestEvents::piece(View text) const {
  assert(text.data() >= message_.data() &&
         text.data() + text.size() <= message_.data() + message_.size());
  return {.position = static_cast<std::uint32_t>(text.data() - message_.data()),
          .length = static_cast<std::uint32_t>(text.size())};
}

// Beast joins folded lines in a place of its own, or skips the empty ones: either way the value
// does not follow its name.
bool RequestEvents::is_folded(View name, View value) const {
  const char* const name_end = name.data() + name.size();
  const char* const message_end = message_.data() + message_.size();
  const std::less<const char*> before;
  if (before(value.data(), name_end) || before(message_end, value.data())) return true;
  return std::find(name_end, value.data(), '\r') != value.data();
}

void RequestEvents::reject(Rejection rejection, const char* complaint, Error& error) {
  rejection_ = rejection;
  complaint_ = complaint;
  error = beast::http::error::bad_field;
}

}  // namespace payswitch::http
