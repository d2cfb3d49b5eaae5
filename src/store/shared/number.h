#pragma once

#include <cstdint>
#include <string_view>

#include "text/number.h"

namespace payswitch::store::shared {

// The number that a text of Redis begins with: a count, a time or cents. 0 where none is.
inline std::int64_t number_of(std::string_view text) {
  return text::take_number<std::int64_t>(text).value_or(0);
}

}  // namespace payswitch::store::shared
