#include "testing/world/redis/keyspace.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace payswitch::lab {

RedisValue& Keyspace::add(std::string_view key, RedisValue value) {
  const auto [added, is_new] = values_.emplace(key, std::move(value));
  assert(is_new);
  return added->second;
}

bool Keyspace::erase(std::string_view key) {
  const auto found = values_.find(key);
  if (found == values_.end()) return false;
  values_.erase(found);
  return true;
}

std::vector<std::string_view> Keyspace::sorted_keys() const {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : values_) keys.push_back(key);
  std::ranges::sort(keys);
  return keys;
}

}  // namespace payswitch::lab
