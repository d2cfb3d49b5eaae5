#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "payment/correlation_id.h"
#include "payment/processor_number.h"

// Where things lie in Redis: docs/redis.md has the whole list. What one script touches shares one
// slot: the text in braces is what a Cluster hashes.
namespace payswitch::store::shared {

// Payments are spread over the shards by their ids. The number is kept in Redis (PROTOCOL 7.1).
inline constexpr unsigned shard_count = 64;

// The same on every machine and for ever.
unsigned shard_of(const payment::CorrelationId& id);

std::string payment_key(const payment::CorrelationId& id);

// "ps:{s07}:<name>"
std::string shard_key(unsigned shard, std::string_view name);
// "ps:{s07}:<name>:<what>"
std::string shard_key(unsigned shard, std::string_view name, std::string_view what);
std::string shard_key(unsigned shard, std::string_view name, payment::ProcessorNumber processor);
// "ps:{meta}:<name>"
std::string meta_key(std::string_view name);

// The ids of the open payments of one instance, and the instances that may accept in a shard.
inline constexpr std::string_view own = "own";
inline constexpr std::string_view owners = "owners";

// Totals of one processor in a shard, by time (totals.h).
inline constexpr std::string_view count_of = "count";
inline constexpr std::string_view cents_of = "cents";
inline constexpr std::string_view widest_count_of = "count12d";
inline constexpr std::string_view widest_cents_of = "cents12d";

}  // namespace payswitch::store::shared
