#pragma once

#include <cstdint>
#include <string_view>

namespace payswitch::payment {

// What a processor's answer to one POST means (PROTOCOL 1). Written to disk as the reason of a
// refusal: do not renumber.
enum class Outcome : std::uint8_t {
  taken = 0,           // the payment is in its books now
  already_booked = 1,  // this id was in its books before this request
  refused = 2,         // this request was not taken
  throttled = 3,       // refused, and slow down
  our_fault = 4,       // refused: the request itself is wrong, here it will never be taken
  misconfigured = 5,   // refused: a wrong URL or key; opens the breaker, raises an alarm
  not_sent = 6,        // refused: the connection was dead before the write was started
  unknown = 7,         // no answer, or none that proves anything
  released = 8,        // unknown for longer than max_processing_time, and not in its books
};

std::string_view to_string(Outcome outcome);

// Whether the answer proves that this one request was not and will not be booked. It says nothing
// of an earlier request for the same payment.
constexpr bool is_refusal(Outcome outcome) {
  return outcome >= Outcome::refused && outcome <= Outcome::not_sent;
}

}  // namespace payswitch::payment
