#include "tools/processor/fee.h"

#include <fmt/format.h>

#include "text/duration.h"

namespace payswitch::lab {
std::optional<Fee> Fee::parse(std::string_view text) {
  const auto parts = text::parse_scaled(text, one);
  if (!parts || *parts > one) return std::nullopt;
  Fee fee;
  fee.parts_per_million_ = *parts;
  return fee;
}

__int128 Fee::of(__int128 cents) const {
  return (cents * parts_per_million_ + one / 2) / one;
}

std::string Fee::to_string() const {
  std::string text = fmt::format("{}.{:06}", parts_per_million_ / one, parts_per_million_ % one);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace payswitch::lab
