#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "payment/state.h"

// What clients are told, read by those who judge it.
namespace payswitch::lab::simulator {

// The text behind `"name":` in a flat piece of JSON, up to the next comma or brace; without quotes.
std::string_view field(std::string_view json, std::string_view name);

std::optional<payment::State> state_of(std::string_view text);

struct Sum {
  std::int64_t count = 0;
  std::int64_t cents = 0;

  bool operator==(const Sum&) const = default;
};
// Of one processor, in the answer of GET /payments-summary.
Sum sum_of(std::string_view body, std::string_view processor);
// Of each of processor_names.
std::vector<Sum> sums_of(std::string_view body);

}  // namespace payswitch::lab::simulator
