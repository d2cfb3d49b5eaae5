#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch::lab {

// What a processor keeps of every amount, as an exact share.
class Fee {
 public:
  static constexpr std::int64_t one = 1'000'000;  // parts per million

  Fee() = default;

  // "0.05": a decimal from 0 to 1 with at most six places; nullopt for anything else.
  static std::optional<Fee> parse(std::string_view text);

  // The fee on a sum, in cents, rounded half up once, at the end.
  __int128 of(__int128 cents) const;

  // "0.05"
  std::string to_string() const;

  std::int64_t parts_per_million() const { return parts_per_million_; }

 private:
  std::int64_t parts_per_million_ = 0;
};

}  // namespace payswitch::lab
