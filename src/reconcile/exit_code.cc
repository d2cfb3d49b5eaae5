#include "reconcile/exit_code.h"

namespace payswitch::reconcile {

int exit_code(std::uint64_t discrepancies, const std::vector<store::UnaskedAt>& unasked) {
  if (discrepancies > 0) return exit_findings;
  return unasked.empty() ? exit_equal : exit_unasked;
}

}  // namespace payswitch::reconcile
