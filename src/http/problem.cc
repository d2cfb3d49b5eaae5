#include "http/problem.h"

#include <fmt/format.h>

#include <iterator>

#include "text/json_string.h"

namespace payswitch::http {
namespace {

// A detail may quote what the client sent, so it may hold anything.
void append_member(std::string& out, std::string_view name, std::string_view value) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":{}", name, text::json_string(value));
}

}  // namespace

std::string to_json(const Problem& problem) {
  std::string out = "{\"type\":\"urn:payswitch:problem:";
  out += problem.slug;
  out += '"';
  append_member(out, "title", problem.title);
  fmt::format_to(std::back_inserter(out), ",\"status\":{}", problem.status);
  if (!problem.detail.empty()) append_member(out, "detail", problem.detail);
  if (!problem.field.empty()) append_member(out, "field", problem.field);
  out += '}';
  return out;
}

void respond_with_problem(Responder respond, const Problem& problem,
                          std::span<const Field> fields) {
  const std::string body = to_json(problem);
  respond({.status = problem.status,
           .content_type = problem_content_type,
           .body = body,
           .fields = fields});
}

}  // namespace payswitch::http
