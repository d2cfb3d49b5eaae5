#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/loop.h"
#include "store/peers.h"
#include "store/shared/cluster/membership.h"
#include "store/store.h"

namespace payswitch::store::shared {

// A store that several instances share, and what they tell each other through it.
struct Shared {
  std::unique_ptr<Store> store;
  Peers* peers = nullptr;                // lives as long as the store
  const wire::Server* server = nullptr;  // that it is on, as it was when we last connected
};

// How it begins. All are called from the loop, with one line for a person.
struct Opening {
  // Once: the store may be used from then on.
  std::function<void()> opened;
  // Instead: this Redis cannot be used, and waiting will not mend that.
  std::function<void(const std::string& line)> refused;
  // What is waited for, whenever that changes.
  std::function<void(const std::string& why)> waiting = {};
};

// Joins the group in the Redis at the other end of `seams.client`; goes on for as long as it takes.
// The options outlive the store. Loop thread only. What is durable, and when, is what Redis was
// told to do: docs/redis.md.
Shared open(const Options& configured, const RedisOptions& options, const Seams& seams,
            platform::Loop& loop, Opening opening);

}  // namespace payswitch::store::shared
