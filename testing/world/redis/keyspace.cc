#include "testing/world/redis/keyspace.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace payswitch::lab {

RedisValue& Keyspace::add(std::string_view key, RedisValue value) {
  const auto [added, is_new] = values_.emplace(key, std::move(value));
  assert(is_new && added->second.expires_at_ms == RedisValue::never);
  return added->second;
}

bool Keyspace::erase(std::string_view key) {
  const auto found = values_.find(key);
  if (found == values_.end()) return false;
  if (found->second.expires_at_ms != RedisValue::never) {
    expiries_.erase({found->second.expires_at_ms, found->first});
  }
  values_.erase(found);
  return true;
}

void Keyspace::expire(std::string_view key, std::int64_t at_ms) {
  RedisValue& value = values_.find(key)->second;
  const auto before = std::exchange(value.expires_at_ms, at_ms);
  if (before != RedisValue::never) expiries_.erase({before, std::string(key)});
  if (at_ms != RedisValue::never) expiries_.emplace(at_ms, key);
}

std::vector<std::string_view> Keyspace::sorted_keys() const {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : values_) keys.push_back(key);
  std::ranges::sort(keys);
  return keys;
}

}  // namespace payswitch::lab
