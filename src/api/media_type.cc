#include "api/media_type.h"

#include <algorithm>

#include "http/ascii.h"

namespace payswitch::api {

namespace {

using http::equal_ignoring_case;

constexpr std::string_view between_parameters = "; \t";

// The length of the value that `text` begins with: a token, or a quoted string with its quotes.
std::size_t value_length(std::string_view text) {
  if (!text.starts_with('"')) return std::min(text.find_first_of(between_parameters), text.size());
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

std::string_view unquoted(std::string_view value) {
  const bool is_quoted = value.size() >= 2 && value.starts_with('"') && value.ends_with('"');
  return is_quoted ? value.substr(1, value.size() - 2) : value;
}

bool is_utf8(std::string_view charset) {
  return equal_ignoring_case(charset, "utf-8") || equal_ignoring_case(charset, "utf8");
}

}  // namespace

MediaType read_media_type(std::string_view content_type) {
  if (content_type == "application/json") return MediaType::json;  // as nearly all write it
  const auto type = std::min(content_type.find_first_of(between_parameters), content_type.size());
  if (!equal_ignoring_case(content_type.substr(0, type), "application/json")) {
    return MediaType::other;
  }
  std::string_view rest = content_type.substr(type);
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(between_parameters), rest.size()));
    if (rest.empty()) return MediaType::json;
    const auto name_end = std::min(rest.find_first_of("=;"), rest.size());
    const std::string_view name = http::trimmed(rest.substr(0, name_end));
    rest.remove_prefix(name_end);
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    const std::string_view value = rest.substr(0, value_length(rest));
    rest.remove_prefix(value.size());
    if (equal_ignoring_case(name, "charset") && !is_utf8(unquoted(value))) {
      return MediaType::other_charset;
    }
  }
}

}  // namespace payswitch::api
