#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace payswitch::lab::load {

// Why a request has no answer.
enum class Trouble : std::uint8_t {
  connect,    // no connection could be made
  cut,        // the connection ended before the answer was whole
  garbled,    // what came was no HTTP answer
  timed_out,  // nothing in time, or no connection was free in time
};
inline constexpr std::size_t trouble_count = 4;

std::string_view to_string(Trouble trouble);

// The status of the answer, or why there is none.
using Outcome = std::expected<unsigned, Trouble>;

inline bool is_taken(const Outcome& outcome) {
  return outcome && *outcome >= 200 && *outcome < 300;
}

}  // namespace payswitch::lab::load
