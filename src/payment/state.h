#pragma once

#include <cstdint>
#include <string_view>

namespace payswitch::payment {

// Where a payment stands. `attempting` and `unknown` belong to one processor; `unknown` stays there
// until that processor has said what happened (PROTOCOL 3).
enum class State : std::uint8_t { accepted, attempting, unknown, settled, parked };

inline constexpr int state_count = 5;

std::string_view to_string(State state);

// The legal edges. A store asserts each one.
//   accepted   -> attempting, parked
//   attempting -> accepted (refused), attempting (a new intent), unknown, settled
//   unknown    -> accepted (refused late, or released), settled, parked
//   parked     -> accepted (re-driven), unknown (re-driven while pinned)
//   settled is the end.
bool is_legal(State from, State to);

}  // namespace payswitch::payment
