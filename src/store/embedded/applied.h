#pragma once

namespace payswitch::store::embedded {

// What a record did to what is in memory.
struct Applied {
  bool changed = true;                  // false: it says again what is known, or it contradicts
  const char* contradiction = nullptr;  // why it cannot be true, for a person
  bool awaits_carried = false;          // unknown, unless a copy of its payment follows
};

}  // namespace payswitch::store::embedded
