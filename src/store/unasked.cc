#include "store/unasked.h"

#include <fmt/format.h>

#include "text/json_string.h"

namespace payswitch::store {

std::string to_text(const UnaskedAt& unasked) {
  return fmt::format(
      "{}{}: {} open payment{} of {} may be charged there, and it is not configured: no request "
      "asks it",
      unasked.name, unasked.origin.empty() ? "" : fmt::format(" ({})", unasked.origin),
      unasked.open.count, unasked.open.count == 1 ? "" : "s", unasked.open.amount());
}

std::string to_json(const UnaskedAt& unasked) {
  return fmt::format(R"({{"processor":{},"origin":{},"open":{{"payments":{},"amount":{}}}}})",
                     text::json_string(unasked.name),
                     unasked.origin.empty() ? "null" : text::json_string(unasked.origin),
                     unasked.open.count, unasked.open.amount());
}

}  // namespace payswitch::store
