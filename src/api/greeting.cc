#include "api/greeting.h"

#include <fmt/format.h>

namespace payswitch::api {

void greet(const platform::Clock& clock, http::Responder respond) {
  const std::string body = fmt::format(
      R"({{"message":"Hello, World!","status":"success","timestamp":{}}})", clock.wall().value);
  respond({.body = body, .fields = {}});
}

}  // namespace payswitch::api
