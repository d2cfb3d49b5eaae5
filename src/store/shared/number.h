#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace payswitch::store::shared {

// A count, a time or cents, as Redis keeps them: a decimal number. 0 for a text that is none.
inline std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace payswitch::store::shared
