#pragma once

#include <cstdint>
#include <vector>

#include "store/unasked.h"

// What `payswitch audit` ends with.
namespace payswitch::reconcile {

inline constexpr int exit_equal = 0;
inline constexpr int exit_findings = 1;
inline constexpr int exit_could_not_ask = 2;
inline constexpr int exit_unasked =
    3;  // no discrepancies, but payments at processors that are not asked

// Of a report with so many discrepancies.
int exit_code(std::uint64_t discrepancies, const std::vector<store::UnaskedAt>& unasked);

}  // namespace payswitch::reconcile
