#pragma once

#include <cstdint>

namespace payswitch::payment {

// A processor's number in the store: given out once per name, in the order in which the names were
// first seen, and never reused, so that books outlive a reordered configuration.
using ProcessorNumber = std::uint8_t;

inline constexpr ProcessorNumber no_processor = 0xff;

// How many processor names one store can know in its life.
inline constexpr ProcessorNumber max_processors = 32;

}  // namespace payswitch::payment
