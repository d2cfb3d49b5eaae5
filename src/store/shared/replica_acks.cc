#include "store/shared/replica_acks.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "store/shared/keys.h"

namespace payswitch::store::shared {

void ReplicaAcks::await(Told told) {
  if (!are_wanted()) return told(true);
  ++waiting_;
  if (asked_.empty()) {
    loop_.post([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) ask();
    });
  }
  asked_.push_back(std::move(told));
}

// WAIT speaks of what this connection has written: a write of its own makes it speak of all.
void ReplicaAcks::ask() {
  const std::string settings = meta_key("settings");
  const std::string_view touch[] = {"HSET", settings, "confirmed", "1"};
  client_.command(touch, [](const auto&) {});
  const std::string replicas = fmt::format("{}", options_.wait_replicas);
  const std::string time = fmt::format("{}", options_.wait_timeout / std::chrono::milliseconds(1));
  const std::string_view words[] = {"WAIT", replicas, time};
  client_.command(words, [this, alive = std::weak_ptr(alive_),
                          asked = std::exchange(asked_, {})](const auto& reply) mutable {
    if (alive.expired()) return;
    const bool is_confirmed = reply && reply->kind == payswitch::redis::Reply::Kind::integer &&
                              reply->integer >= std::int64_t{options_.wait_replicas};
    for (Told& told : asked) {
      --waiting_;
      told(is_confirmed);
    }
  });
}

}  // namespace payswitch::store::shared
