#include "tools/processor/fee.h"

#include <fmt/format.h>

#include <algorithm>

namespace payswitch::lab {
namespace {

constexpr std::size_t places = 6;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Fee> Fee::parse(std::string_view text) {
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  const auto fraction = dot == text.npos ? std::string_view("0") : text.substr(dot + 1);
  if (whole != "0" && whole != "1") return std::nullopt;
  if (!is_digits(fraction) || fraction.size() > places) return std::nullopt;
  std::int64_t parts = whole[0] - '0';
  for (std::size_t i = 0; i < places; ++i) {
    parts = parts * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  if (parts > one) return std::nullopt;
  Fee fee;
  fee.parts_per_million_ = parts;
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
