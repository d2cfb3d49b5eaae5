#pragma once

#include "platform/repeats.h"

namespace payswitch::dispatch {

// What clients and processors can make the dispatcher say at any rate. Each names a payment, and
// the first ones of each are said one by one: who looks into it wants some examples.
struct Complaints {
  platform::RepeatedLine parked{10};
  platform::RepeatedLine contradiction{10};
  platform::RepeatedLine all_breakers_open{10};
  // Sums that differ: the rest of them are in the audit.
  platform::RepeatedLine finding{100};
  platform::RepeatedLine found_elsewhere{100};
};

}  // namespace payswitch::dispatch
