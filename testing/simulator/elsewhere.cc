#include "testing/simulator/elsewhere.h"

#include <fmt/format.h>

#include <utility>

namespace payswitch::lab::simulator {

std::vector<std::string> origins_of(std::size_t processors) {
  std::vector<std::string> origins;
  while (origins.size() < processors) {
    origins.push_back(fmt::format("http://processor-{}:80", origins.size()));
  }
  return origins;
}

std::vector<std::string> origins_elsewhere(std::size_t processors, std::size_t wrong,
                                           SeededRandom& random) {
  auto origins = origins_of(processors);
  if (processors > 1 && random.one_in(2)) {
    std::swap(origins[wrong], origins[(wrong + 1) % processors]);
  } else {
    origins[wrong] = "http://another:80";
  }
  return origins;
}

}  // namespace payswitch::lab::simulator
