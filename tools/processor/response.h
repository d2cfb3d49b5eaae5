#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch::lab {

// What a processor answers: a response, or a fault in place of one.
struct Response {
  unsigned status = 200;
  std::string body = {};
  std::string_view content_type = "application/json";  // of a body that is not empty
  // These bytes go out in place of a response, and then the connection is closed. Empty: it is
  // closed without a byte.
  std::optional<std::string_view> raw_then_close = std::nullopt;
};

// Called once for each request, at once or later.
using Respond = std::move_only_function<void(const Response&)>;

}  // namespace payswitch::lab
