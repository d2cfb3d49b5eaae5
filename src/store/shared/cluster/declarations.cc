#include "store/shared/cluster/declarations.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace payswitch::store::shared {

bool Declarations::begin() {
  if (!under_way_.empty() || waiting_.empty()) return false;
  under_way_ = std::exchange(waiting_, {});
  return true;
}

void Declarations::end(std::optional<payment::UtcMs> until) {
  for (Declaration& each : std::exchange(under_way_, {})) {
    each.done(until ? std::optional(std::min(*until, each.told)) : std::nullopt);
  }
}

void Declarations::give_up() {
  auto all = std::exchange(under_way_, {});
  std::ranges::move(std::exchange(waiting_, {}), std::back_inserter(all));
  for (Declaration& each : all) each.done(std::nullopt);
}

}  // namespace payswitch::store::shared
