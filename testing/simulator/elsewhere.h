#pragma once

#include <string>
#include <vector>

#include "testing/world/random.h"

namespace payswitch::lab::simulator {

// Where the processors are, as an operator who is right configures it. "default" comes first.
std::vector<std::string> origins_of(std::size_t processors);

// The same by an operator who is wrong about `wrong`: swapped with another one, or at a place where
// there is another processor.
std::vector<std::string> origins_elsewhere(std::size_t processors, std::size_t wrong,
                                           SeededRandom& random);

}  // namespace payswitch::lab::simulator
