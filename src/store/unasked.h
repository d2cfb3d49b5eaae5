#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "payment/money.h"

namespace payswitch::store {

// What may have been charged by a processor that is not configured. The switch does not ask it, so
// these payments stay open: no finding, and not in order either.
struct UnaskedAt {
  std::string name;
  std::string origin;  // empty: it is not known
  payment::Total open;

  bool operator==(const UnaskedAt&) const = default;
};

std::string to_text(const UnaskedAt& unasked);
std::string to_json(const UnaskedAt& unasked);

}  // namespace payswitch::store
