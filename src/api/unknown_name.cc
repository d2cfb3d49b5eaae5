#include "api/unknown_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "text/nearest.h"

namespace payswitch::api {

namespace {

bool continues_a_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

}  // namespace

std::string_view shown_name(std::string_view name) {
  if (name.size() <= max_shown_name) return name;
  std::size_t end = max_shown_name;
  while (end > 0 && continues_a_character(name[end])) --end;
  return name.substr(0, end);
}

std::string unknown_name_detail(std::string_view kind, std::string_view name,
                                std::span<const std::string_view> known) {
  // What is longer is no slip, and not worth the time of a comparison.
  if (name.size() <= max_shown_name) {
    if (const auto meant = payment::nearest(name, known)) {
      return fmt::format("unknown {}; did you mean '{}'?", kind, *meant);
    }
  }
  if (known.empty()) return fmt::format("unknown {}; there are none here", kind);
  return fmt::format("unknown {}; the known ones are {}", kind, fmt::join(known, ", "));
}

}  // namespace payswitch::api
