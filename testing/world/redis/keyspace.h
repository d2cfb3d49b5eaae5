#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "testing/world/redis/sorted_set.h"

namespace payswitch::lab {

using RedisHash = TextMap<std::string>;
using RedisSet = boost::unordered_flat_set<std::string, TextHash, std::equal_to<>>;

struct RedisValue {
  std::variant<RedisHash, RedisSet, SortedSet> content;

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

  // A new key; it must not be there.
  RedisValue& add(std::string_view key, RedisValue value);
  bool erase(std::string_view key);

  std::size_t size() const { return values_.size(); }
  std::vector<std::string_view> sorted_keys() const;
  bool operator==(const Keyspace& other) const { return values_ == other.values_; }

 private:
  TextMap<RedisValue> values_;
};

}  // namespace payswitch::lab
