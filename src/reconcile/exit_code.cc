#include "reconcile/exit_code.h"

namespace payswitch::audit {

int exit_code(std::uint64_t findings, const std::vector<UnaskedAt>& unasked) {
  if (findings > 0) return exit_findings;
  return unasked.empty() ? exit_equal : exit_unasked;
}

}  // namespace payswitch::audit
