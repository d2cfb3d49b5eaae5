#include "http/target.h"

#include <algorithm>

#include "http/ascii.h"

namespace payswitch::http {
namespace {

constexpr std::string_view scheme = "http://";

bool is_absolute(std::string_view target) {
  return equal_ignoring_case(target.substr(0, scheme.size()), scheme);
}

std::size_t end_of_authority(std::string_view target) {
  return std::min(target.find_first_of("/?", scheme.size()), target.size());
}

bool may_stand_in_a_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~%!$&'()*+,;=").contains(c);
}

bool may_stand_in_brackets(char c) {
  return c == ':' || may_stand_in_a_name(c);
}

}  // namespace

bool is_host(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    port = text.substr(end + 1);
    const std::string_view address = text.substr(1, end - 1);
    if (address.empty() || !std::ranges::all_of(address, may_stand_in_brackets)) return false;
  } else {
    const std::string_view name = text.substr(0, text.find(':'));
    port = text.substr(name.size());
    if (name.empty() || !std::ranges::all_of(name, may_stand_in_a_name)) return false;
  }
  if (port.empty()) return true;
  return port.front() == ':' && std::ranges::all_of(port.substr(1), is_digit);
}

bool is_target(std::string_view text) {
  if (text.contains('#')) return false;
  if (!is_absolute(text)) return text.starts_with('/');
  return is_host(text.substr(scheme.size(), end_of_authority(text) - scheme.size()));
}

Target split_target(std::string_view text) {
  const bool absolute = is_absolute(text);
  if (absolute) text.remove_prefix(end_of_authority(text));
  const auto question = std::min(text.find('?'), text.size());
  Target target{.path = text.substr(0, question),
                .query = text.substr(std::min(question + 1, text.size()))};
  if (absolute && target.path.empty()) target.path = "/";
  return target;
}

}  // namespace payswitch::http
