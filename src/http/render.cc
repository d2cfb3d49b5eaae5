#include "http/render.h"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace payswitch::http {
namespace {

constexpr std::string_view line_end = "\r\n";

void append_number(std::string& out, std::size_t number) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

// A line break inside would let a client that chose the value write fields and responses of its
// own.
bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// `name` is a word of ours.
void append_known_field(std::string& out, std::string_view name, std::string_view value) {
  assert(is_one_line(value));
  out.append(name).append(": ").append(value).append(line_end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  assert(is_one_line(name));
  append_known_field(out, name, value);
}

void append_content_length(std::string& out, std::size_t length) {
  out += "Content-Length: ";
  append_number(out, length);
  out += line_end;
}

// RFC 9110 section 8.6 forbids the field for 204.
bool may_have_content(unsigned status) {
  return status != 204 && status != 304;
}

}  // namespace

void append_response(std::string& out, const Response& response, ResponseShape shape,
                     std::string_view date) {
  assert(response.status >= 200 && response.status <= 599);
  out += "HTTP/1.1 ";
  append_number(out, response.status);
  out += ' ';
  out.append(reason_phrase(response.status)).append(line_end);
  out.append("Date: ").append(date).append(line_end);  // ours as well, and in every answer
  const bool content = may_have_content(response.status);
  if (content && !response.content_type.empty()) {
    append_known_field(out, "Content-Type", response.content_type);
  }
  if (content) append_content_length(out, response.body.size());
  for (const Field& field : response.fields) append_field(out, field.name, field.value);
  if (shape.close) out += "Connection: close\r\n";
  if (shape.say_keep_alive && !shape.close) out += "Connection: keep-alive\r\n";
  out += line_end;
  if (content && !shape.without_body) out += response.body;
}

void append_request(std::string& out, const OutgoingRequest& request, std::string_view host) {
  assert(request.method != Method::other && is_one_line(request.target));
  const bool content = request.method == Method::post || request.method == Method::put;
  assert(content || request.body.empty());
  out.append(to_string(request.method)).append(" ").append(request.target);
  out += " HTTP/1.1\r\n";
  append_known_field(out, "Host", host);
  if (!request.content_type.empty()) append_known_field(out, "Content-Type", request.content_type);
  if (content) append_content_length(out, request.body.size());
  for (const Field& field : request.fields) append_field(out, field.name, field.value);
  out += line_end;
  out += request.body;
}

}  // namespace payswitch::http
