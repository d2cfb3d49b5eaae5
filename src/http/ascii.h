#pragma once

#include <algorithm>
#include <string_view>

// Characters of HTTP are ASCII whatever the locale says, so <cctype> is of no use here.
namespace payswitch::http {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  // Mostly the two are written in the same way, and that is seen at a glance.
  return a == b || (a.size() == b.size() && std::ranges::equal(a, b, {}, to_lower, to_lower));
}

// Spaces and tabs: what HTTP calls OWS.
constexpr std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace payswitch::http
