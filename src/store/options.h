#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "platform/disk.h"

namespace payswitch::store {

// A configured processor: what its books are called here, and where they are.
struct Place {
  std::string name;
  // "http://host:port/path", normalised, max_origin_bytes of printable ASCII at most; empty: it is
  // not known, and neither kept nor compared.
  std::string origin = {};
};

inline constexpr std::size_t max_origin_bytes = 400;

// What the operator says of the directory or the Redis: whether it is a copy that was restored.
enum class Restored : std::uint8_t {
  unset,  // nothing: what the store keeps holds
  on,     // it is one: kept until `done`
  done,   // it is one no longer
};

struct Options {
  platform::Durability durability = platform::Durability::fsync;
  std::uint64_t segment_bytes = 32ull << 20;   // of one journal segment, header included
  std::uint64_t max_batch_bytes = 4ull << 20;  // of one batch: one write, one sync
  // How long a record that nothing waits for may wait for others: it then shares a sync.
  platform::Duration linger = std::chrono::milliseconds(10);
  bool compaction = true;              // false: segments are kept for ever
  std::vector<Place> processors = {};  // the configured ones, in their order
  // Names of configured processors whose books are the same at another origin.
  std::vector<std::string> moved = {};
  Restored restored = Restored::unset;
  // Where a start would be refused because of damage, the log is cut there, what lies behind is
  // kept aside, and the directory is a restored one from then on.
  bool cut_at_damage = false;
};

// The store on Redis, beside where that Redis is.
struct RedisOptions {
  // How long an instance that says nothing keeps its payments. Redis' own clock counts.
  platform::Duration lease = std::chrono::seconds(10);
  // What was written in this time is written again when Redis has forgotten something.
  platform::Duration memory = std::chrono::seconds(30);
  // How long the client of a new payment whose reply was lost waits for Redis to come back and say
  // what became of it; then the answer is that it is unknown.
  platform::Duration verdict_within = std::chrono::seconds(5);
  // How many replicas must have a payment before its 202 (WAIT); within what time.
  std::uint32_t wait_replicas = 0;
  platform::Duration wait_timeout = std::chrono::seconds(1);
};

}  // namespace payswitch::store
