#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "platform/loop.h"
#include "redis/client.h"
#include "store/options.h"

namespace payswitch::store::shared {

// Whether enough replicas have what was written: one WAIT for all that ask in a turn of the loop
// (PROTOCOL 7.5, 7.6). With no replicas asked for, yes at once. Loop thread only.
class ReplicaAcks {
 public:
  using Told = std::move_only_function<void(bool is_confirmed)>;

  ReplicaAcks(const RedisOptions& options, payswitch::redis::Client& client, platform::Loop& loop)
      : options_(options), client_(client), loop_(loop) {}

  bool are_wanted() const { return options_.wait_replicas > 0; }

  // Of all that was called on the client before. False: not in time, or unknown.
  void await(Told told);

  std::size_t waiting() const { return waiting_; }

 private:
  void ask();

  const RedisOptions& options_;
  payswitch::redis::Client& client_;
  platform::Loop& loop_;
  std::vector<Told> asked_;
  std::size_t waiting_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace payswitch::store::shared
