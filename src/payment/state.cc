#include "payment/state.h"

#include <cassert>

namespace payswitch::payment {

std::string_view to_string(State state) {
  switch (state) {
    case State::accepted:
      return "accepted";
    case State::attempting:
      return "attempting";
    case State::unknown:
      return "unknown";
    case State::settled:
      return "settled";
    case State::parked:
      return "parked";
  }
  assert(false);
  return {};
}

bool is_legal(State from, State to) {
  using enum State;
  switch (from) {
    case accepted:
      return to == attempting || to == parked;
    case attempting:
      return to == accepted || to == attempting || to == unknown || to == settled;
    case unknown:
      return to == accepted || to == settled || to == parked;
    case settled:
      return false;
    case parked:
      return to == accepted || to == unknown;
  }
  assert(false);
  return false;
}

}  // namespace payswitch::payment
