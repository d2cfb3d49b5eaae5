#include "testing/simulator/told.h"

#include <fmt/format.h>

#include "testing/simulator/virtual_switch.h"
#include "text/duration.h"
#include "text/number.h"

namespace payswitch::lab::simulator {

namespace {

// Of what cannot be read: one that no sum is.
constexpr std::int64_t unreadable = -1;
constexpr std::int64_t cents_of_one = 100;

}  // namespace

std::string_view field(std::string_view json, std::string_view name) {
  const std::string key = fmt::format("\"{}\":", name);
  const auto at = json.find(key);
  if (at == std::string_view::npos) return {};
  json.remove_prefix(at + key.size());
  json = json.substr(0, json.find_first_of(",}"));
  if (json.starts_with('"')) json = json.substr(1, json.size() - 2);
  return json;
}

std::optional<payment::State> state_of(std::string_view text) {
  for (int i = 0; i < payment::state_count; ++i) {
    if (to_string(static_cast<payment::State>(i)) == text) return static_cast<payment::State>(i);
  }
  return std::nullopt;
}

Sum sum_of(std::string_view body, std::string_view processor) {
  const auto at = body.find(fmt::format("\"{}\":", processor));
  if (at == std::string_view::npos) return {};  // it was never configured
  body.remove_prefix(at);
  return {text::parse_number<std::int64_t>(field(body, "totalRequests")).value_or(unreadable),
          // Sums go beyond what Money holds.
          text::parse_scaled(field(body, "totalAmount"), cents_of_one).value_or(unreadable)};
}

std::vector<Sum> sums_of(std::string_view body) {
  std::vector<Sum> sums;
  for (const std::string_view name : processor_names) sums.push_back(sum_of(body, name));
  return sums;
}

}  // namespace payswitch::lab::simulator
