#include "testing/simulator/told.h"

#include <fmt/format.h>

#include <charconv>

#include "testing/simulator/virtual_switch.h"

namespace payswitch::lab::simulator {

namespace {

std::int64_t number(std::string_view text) {
  std::int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "12.34": sums go beyond what Money holds.
std::int64_t cents(std::string_view text) {
  const auto point = text.find('.');
  return number(text.substr(0, point)) * 100 + number(text.substr(point + 1));
}

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
  return {number(field(body, "totalRequests")), cents(field(body, "totalAmount"))};
}

std::vector<Sum> sums_of(std::string_view body) {
  std::vector<Sum> sums;
  for (const std::string_view name : processor_names) sums.push_back(sum_of(body, name));
  return sums;
}

}  // namespace payswitch::lab::simulator
