#pragma once

namespace payswitch::store::embedded {

// What a record did to what is in memory.
struct Applied {
  bool changed = true;                  // false: it says again what is known, or it contradicts
  const char* contradiction = nullptr;  // why it cannot be true, for a person
  bool is_of_no_payment = false;        // it contradicts because its payment is not known
};

}  // namespace payswitch::store::embedded
