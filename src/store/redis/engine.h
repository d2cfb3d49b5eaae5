#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/group.h"
#include "store/redis/membership.h"
#include "store/store.h"
#include "world/loop.h"

namespace payswitch::store::redis {

// A store that several instances share, and what they tell each other through it.
struct Shared {
  std::unique_ptr<Store> store;
  Group* group = nullptr;                // lives as long as the store
  const wire::Server* server = nullptr;  // that it is on, as it was when we last connected
};

// Joins the group in the Redis behind `seams.client`; goes on for as long as it takes. `opened` is
// called once, from the loop: the store may be used from then on. `refused` instead: this Redis
// cannot be used, one line for a person. Both options outlive the store. Loop thread only.
// What is durable, and when, is what Redis was told to do: docs/redis.md.
Shared open(const std::vector<std::string>& processors, const RedisOptions& options,
            const Seams& seams, world::Loop& loop, std::function<void()> opened,
            std::function<void(const std::string& line)> refused);

}  // namespace payswitch::store::redis
