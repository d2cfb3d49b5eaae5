#pragma once

#include <cstdint>
#include <vector>

#include "store/unasked.h"

// What `payswitch audit` ends with.
namespace payswitch::audit {

inline constexpr int exit_equal = 0;
inline constexpr int exit_findings = 1;
inline constexpr int exit_could_not_ask = 2;
inline constexpr int exit_unasked = 3;  // no findings, but payments at processors nobody asks

// Of a report with so many findings.
int exit_code(std::uint64_t findings, const std::vector<UnaskedAt>& unasked);

}  // namespace payswitch::audit
