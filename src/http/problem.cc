#include "http/problem.h"

#include <fmt/format.h>

#include <iterator>

namespace payswitch::http {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Length of the well-formed UTF-8 sequence (RFC 3629) that `text` starts with; 0 when there is
// none.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t length = 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second > 0x9F;
  const bool beyond_unicode = lead == 0xF4 && second > 0x8F;
  return overlong || surrogate || beyond_unicode ? 0 : length;
}

void append_escaped_ascii(std::string& out, char c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (static_cast<unsigned char>(c) < 0x20) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  } else {
    out += c;
  }
}

// A detail may quote what the client sent, so it may hold anything; what is not UTF-8 becomes the
// replacement character, or the answer would not be JSON.
void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\\ufffd";
    } else if (length == 1) {
      append_escaped_ascii(out, text[0]);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
  append_string(out, value);
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

void answer_problem(Responder respond, const Problem& problem, std::span<const Field> fields) {
  const std::string body = to_json(problem);
  respond({.status = problem.status,
           .content_type = problem_content_type,
           .body = body,
           .fields = fields});
}

}  // namespace payswitch::http
