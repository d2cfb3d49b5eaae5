#include "payment/outcome.h"

#include <cassert>

namespace payswitch::payment {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::taken:
      return "taken";
    case Outcome::already_booked:
      return "already_booked";
    case Outcome::refused:
      return "refused";
    case Outcome::throttled:
      return "throttled";
    case Outcome::our_fault:
      return "our_fault";
    case Outcome::misconfigured:
      return "misconfigured";
    case Outcome::not_sent:
      return "not_sent";
    case Outcome::unknown:
      return "unknown";
    case Outcome::released:
      return "released";
  }
  assert(false);
  return {};
}

}  // namespace payswitch::payment
