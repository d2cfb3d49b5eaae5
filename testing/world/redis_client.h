#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/loop.h"
#include "platform/random.h"
#include "redis/client.h"
#include "redis/handshake.h"
#include "redis/options.h"
#include "testing/world/redis.h"
#include "testing/world/redis/words.h"
#include "testing/world/world.h"

namespace payswitch::lab {

// Loop and timers are those of the process: what they have not run dies with it. All outlive the
// client; so do the scripts.
struct VirtualRedisSeams {
  World& world;
  platform::Loop& loop;
  platform::Timers& timers;
  platform::Random& random;
  VirtualRedis& redis;
};

// The client of one process, twin of the one behind redis::make_client: the same hand-shake, the
// same order of replies and failures, the same limits and times. Of Options it knows no address, no
// TLS and no max_reply_bytes; max_unsent_bytes counts the words, not the protocol around them.
class VirtualRedisClient final : public redis::Client {
 public:
  VirtualRedisClient(const VirtualRedisSeams& seams, const redis::Options& options,
                     std::vector<const redis::Script*> scripts);
  ~VirtualRedisClient() override;

  void start(Events events) override;
  void command(std::span<const std::string_view> words, Done done) override;
  void run(const redis::Script& script, std::span<const std::string_view> keys,
           std::span<const std::string_view> arguments, Done done,
           redis::Flush haste = redis::Flush::now) override;
  bool connected() const override { return counters_.connected; }
  const redis::Counters& counters() const override { return counters_; }

 private:
  struct Entry {
    Done done;
    platform::Instant since;
  };

  void post(platform::Callback callback);
  void connect();
  void shake_hands();
  void on_handshake(std::size_t index, const std::expected<redis::Reply, redis::Failure>& reply);
  void on_replies(std::vector<redis::Reply> replies);
  void lose(const std::string& why);
  void fail_all();
  void try_again();
  void add(std::span<const std::string_view> words, Done done);
  void give(std::span<const std::string_view> words, Done done, redis::Flush haste);
  void refuse(Done done);
  void flush_with_this_turn();
  void flush_after_a_while();
  void flush();
  void watch();

  VirtualRedisSeams seams_;
  const redis::Options options_;
  const std::vector<const redis::Script*> scripts_;
  redis::Counters counters_;
  Events events_;
  VirtualRedis::Connection connection_;
  std::optional<redis::Handshake> handshake_;
  std::deque<Entry> entries_;
  RedisWords output_;           // of the last of them
  std::uint32_t failures_ = 0;  // in a row
  bool flush_is_due_ = false;
  platform::TimerId connect_timer_ = platform::TimerId::none;
  platform::TimerId deadline_timer_ = platform::TimerId::none;
  platform::TimerId linger_timer_ = platform::TimerId::none;
  std::vector<std::string_view> words_;  // of one call of run()
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace payswitch::lab
