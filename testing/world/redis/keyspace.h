#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "testing/world/redis/sorted_set.h"

namespace payswitch::lab {

using RedisText = std::string;
using RedisHash = TextMap<std::string>;
using RedisSet = boost::unordered_flat_set<std::string, TextHash, std::equal_to<>>;

struct RedisValue {
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  std::variant<RedisText, RedisHash, RedisSet, SortedSet> content;
  std::int64_t expires_at_ms = never;  // of Redis' own clock; it is still there at that moment

  bool operator==(const RedisValue&) const = default;
};

// What a Redis holds. It can be copied. One thread.
class Keyspace {
 public:
  // Good until a key is added or erased.
  RedisValue* find(std::string_view key) {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }
  const RedisValue* find(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }

  // A new key without expiry; it must not be there.
  RedisValue& add(std::string_view key, RedisValue value);
  bool erase(std::string_view key);
  // The key must be there. RedisValue::never: no expiry.
  void expire(std::string_view key, std::int64_t at_ms);

  // A key that has expired by then and is still here, empty when there is none. Whoever runs a
  // command erases these first.
  std::string_view overdue(std::int64_t now_ms) const {
    if (expiries_.empty() || expiries_.begin()->first >= now_ms) return {};
    return expiries_.begin()->second;
  }

  std::size_t size() const { return values_.size(); }
  std::vector<std::string_view> sorted_keys() const;
  bool operator==(const Keyspace& other) const { return values_ == other.values_; }

 private:
  TextMap<RedisValue> values_;
  std::set<std::pair<std::int64_t, std::string>> expiries_;
};

}  // namespace payswitch::lab
