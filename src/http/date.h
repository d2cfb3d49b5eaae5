#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "payment/time.h"

namespace payswitch::http {

// The value of a Date field (RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT"), written anew
// only when the second has changed.
class Date {
 public:
  // The view dies with the next call. A moment outside the years 0000 to 9999 is written as the
  // nearest one inside.
  std::string_view at(payment::UtcMs now);

 private:
  std::optional<std::int64_t> second_;  // that text_ says
  std::string text_;
};

}  // namespace payswitch::http
