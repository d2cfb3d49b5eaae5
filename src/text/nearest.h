#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace payswitch::text {

// The known name that `unknown` is most likely a slip for, or nothing when none is near. Names in
// sections ("breaker.rest") are also found by their last part.
std::optional<std::string_view> nearest(std::string_view unknown,
                                        std::span<const std::string_view> known);

}  // namespace payswitch::text
