#include "api/unknown_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "text/nearest.h"
#include "text/utf8.h"

namespace payswitch::api {

std::string_view shown_name(std::string_view name) {
  return text::cut_to(name, max_shown_name);
}

std::string unknown_name_detail(std::string_view kind, std::string_view name,
                                std::span<const std::string_view> known) {
  // What is longer is no slip, and not worth the time of a comparison.
  if (name.size() <= max_shown_name) {
    if (const auto meant = text::nearest(name, known)) {
      return fmt::format("unknown {}; did you mean '{}'?", kind, *meant);
    }
  }
  if (known.empty()) return fmt::format("unknown {}; this path takes none", kind);
  return fmt::format("unknown {}; known {}s: {}", kind, kind, fmt::join(known, ", "));
}

}  // namespace payswitch::api
