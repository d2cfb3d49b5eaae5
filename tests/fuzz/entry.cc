// What a processor says of a payment in its books, and of its health. What is read is what
// Boost.JSON's tree has in these fields; what the tree has not, nothing is learnt from.
#include <algorithm>
#include <boost/json.hpp>
#include <cassert>
#include <cmath>
#include <optional>
#include <string_view>

#include "processor/wire.h"

namespace {

namespace json = boost::json;
using namespace payswitch;
using payment::CorrelationId;
using payment::Money;
using processor::BookEntry;

const auto id = *CorrelationId::parse("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3");

const json::value* field(const json::value& tree, std::string_view name) {
  const auto* object = tree.if_object();
  return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

std::optional<std::string_view> text(const json::value& tree, std::string_view name) {
  const auto* value = field(tree, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

// Cents of an amount with two places at most are exact in a double up to the largest one.
std::optional<Money> amount(const json::value& tree) {
  const auto* value = field(tree, "amount");
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double cents = value->to_number<double>() * 100;
  const double nearest = std::nearbyint(cents);
  const bool is_one = nearest >= 1 && nearest <= static_cast<double>(Money::max_cents) &&
                      std::abs(cents - nearest) <= 1e-3;
  if (!is_one) return std::nullopt;
  return Money::from_cents(static_cast<std::int64_t>(nearest));
}

std::optional<BookEntry> entry_in(const json::value& tree) {
  const auto named = text(tree, "correlationId");
  const auto time = text(tree, "requestedAt");
  const auto money = amount(tree);
  if (!named || !time || !money || CorrelationId::parse(*named) != id) return std::nullopt;
  const auto parsed = payment::parse_iso8601(*time);
  if (!parsed) return std::nullopt;
  return BookEntry{.amount = *money, .requested_at = parsed->floor};
}

void expect_the_entry(const http::IncomingResponse& answer, const json::value& tree) {
  const auto read = processor::read_entry(id, answer);
  if (!read) return assert(read.error() == processor::NoEntry::no_answer);
  const auto expected = entry_in(tree);
  assert(expected && read->amount == expected->amount);
  assert(read->requested_at == expected->requested_at);
}

void expect_the_health(const http::IncomingResponse& answer, const json::value& tree) {
  const auto read = processor::read_health(answer);
  if (!read) return;
  const auto* failing = field(tree, "failing");
  const auto* time = field(tree, "minResponseTime");
  assert(failing != nullptr && failing->is_bool() && failing->get_bool() == read->failing);
  assert(time != nullptr && time->is_int64() &&
         time->get_int64() == read->min_response_time.count());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  boost::system::error_code error;
  const json::value tree = json::parse({body.data(), body.size()}, error);
  const http::IncomingResponse answer{
      .status = 200, .content_type = "application/json", .body = body};
  expect_the_entry(answer, error ? json::value() : tree);
  expect_the_health(answer, error ? json::value() : tree);
  return 0;
}
