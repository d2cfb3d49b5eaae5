#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redis/reply.h"
#include "testing/world/random.h"
#include "testing/world/redis/engine.h"
#include "testing/world/redis/keyspace.h"
#include "testing/world/redis/words.h"
#include "testing/world/world.h"

namespace payswitch::lab {

// What a restart leaves of what was written.
enum class RedisKeeps : std::uint8_t {
  everything,        // appendfsync always
  all_but_a_second,  // appendfsync everysec: a prefix of the steps, up to a second is missing
  snapshots,         // appendonly no: what stood there at the last save()
};

struct RedisSettings {
  RedisKeeps keeps = RedisKeeps::everything;
  std::uint32_t replicas = 0;
  platform::Duration replica_lag{};  // a failover forgets at most what was written in that time
  std::uint64_t maxmemory = 0;       // bytes, as told to clients; nothing is counted
};

// How long a message takes, drawn anew for each; those of one connection never overtake.
struct RedisLatency {
  platform::Duration least_there = std::chrono::microseconds(50);
  platform::Duration most_there = std::chrono::microseconds(50);
  platform::Duration least_back = std::chrono::microseconds(50);
  platform::Duration most_back = std::chrono::microseconds(50);
};

// What becomes of the commands that are under way on a connection that is cut. No reply to them
// arrives in any case.
enum class RedisCut : std::uint8_t {
  before,   // none of them runs
  between,  // the first few run
  after,    // all of them run
};

struct RedisCounts {
  std::uint64_t steps = 0;
  std::uint64_t cuts = 0;  // of connections
  std::uint64_t refused_connections = 0;
  std::uint64_t restarts = 0;
  std::uint64_t failovers = 0;
  std::uint64_t forgotten_steps = 0;  // that had written
};

// One connection, seen from both ends; each may be gone before the other.
struct RedisConnection {
  // The client's end. Called by the world; none of them may hang up.
  std::function<void()> opened;
  std::function<void(std::vector<redis::Reply>)> replied;
  std::function<void(const std::string& why)> lost;

  // Redis' end.
  bool is_open = false;
  bool is_hung_up = false;      // by the client
  bool is_blocked = false;      // by WAIT
  std::optional<RedisCut> cut;  // replies do not arrive any more, commands perhaps
  std::deque<RedisWords> inbox;
  std::size_t offset = 0;  // of the next command in the first of the inbox
  platform::Instant last_there{};
  platform::Instant last_back{};
};

// A Redis 7 of the virtual world. It belongs to the world, not to a process under test: what is on
// its way to it arrives, also when its sender has died since, and it keeps what was written. Each
// command, and each script as a whole, is one step; a step takes no time. Every fault is switched
// on by the caller. It must outlive its clients and the last step of the world. One thread.
class VirtualRedis final {
 public:
  using Connection = std::shared_ptr<RedisConnection>;

  VirtualRedis(World& world, std::uint64_t seed, RedisSettings settings = {});

  // -- faults ------------------------------------------------------------------------
  void set_latency(const RedisLatency& latency) { latency_ = latency; }
  // All connections, now.
  void cut(RedisCut how);
  // One connection, with the commands that arrive next. Replies to some that ran may still arrive,
  // the first ones.
  void cut_next(RedisCut how) { next_cut_ = how; }
  // Cut, and refuses connections until come_back(); `silently`: does not answer at all.
  void go_away(RedisCut how, bool silently = false);
  void come_back();
  // Takes commands and connections into its sockets and runs them when it goes on.
  void stop() { is_stopped_ = true; }
  void go_on();
  // Away for so long, then another run id, no scripts, and what RedisSettings::keeps has kept.
  void restart(platform::Duration downtime);
  // The same for a replica that takes over. What WAIT has confirmed stays.
  void fail_over(platform::Duration downtime);
  // What a restart finds with RedisKeeps::snapshots.
  void save() { snapshot_ = engine_.keys(); }
  // Its clock is not that of the clients' machines; keys expire by it.
  void jump_clock(platform::Duration by) { clock_at_zero_us_ += by / std::chrono::microseconds(1); }
  void set_out_of_memory(bool is) { engine_.set_out_of_memory(is); }
  void set_used_memory(std::uint64_t bytes) { used_memory_ = bytes; }
  void forget_scripts() { engine_.forget_scripts(); }
  // How many replicas WAIT finds; at first all of them.
  // With too few of them WAIT answers at the end of its time, never before.
  void set_replicas_in_step(std::uint32_t count);

  // -- by hand --------------------------------------------------------------------------
  // One step, now and without a connection.
  redis::Reply run(std::span<const std::string_view> words);
  void allow_undeclared_keys() { engine_.allow_undeclared_keys(); }

  const Keyspace& keys() const { return engine_.keys(); }
  const std::string& run_id() const { return run_id_; }
  std::int64_t clock_us() const;
  std::uint64_t scripts_that_failed_halfway() const {
    return engine_.scripts_that_failed_halfway();
  }
  const RedisCounts& counts() const { return counts_; }

  // -- for its clients ------------------------------------------------------------------
  Connection connect(RedisConnection ends);
  void send(const Connection& connection, RedisWords commands);
  // What was sent before still arrives. Nothing of `connection` is called any more.
  void hang_up(const Connection& connection);

 private:
  // A step that wrote.
  struct Written {
    platform::Instant at;
    RedisWords commands;
  };

  platform::Duration draw(platform::Duration least, platform::Duration most);
  void accept(const Connection& connection);
  void arrive(const Connection& connection, RedisWords commands);
  void meet_the_cut(const Connection& connection, const RedisWords& commands);
  std::vector<redis::Reply> run_some(const Connection& connection, const RedisWords& commands,
                                     RedisCut how);
  void work(const Connection& connection);
  void answer(const Connection& connection, std::vector<redis::Reply> replies);
  void close(const Connection& connection, const std::string& why);
  void end_life(platform::Duration downtime);

  // No reply: the connection is blocked.
  std::optional<redis::Reply> perform(const Connection& connection,
                                      std::span<const std::string_view> words);
  std::optional<redis::Reply> wait(const Connection& connection,
                                   std::span<const std::string_view> words);
  redis::Reply info() const;
  redis::Reply config(std::span<const std::string_view> words) const;

  void trim();
  void confirm();
  void forget(platform::Duration at_most, std::size_t confirmed);

  World& world_;
  SeededRandom random_;
  const RedisSettings settings_;
  RedisEngine engine_;
  RedisLatency latency_;
  std::optional<RedisCut> next_cut_;
  std::vector<Connection> connections_;  // that Redis has open
  bool is_away_ = false;
  bool is_silent_ = false;
  bool is_stopped_ = false;
  std::uint64_t absence_ = 0;  // the last one
  std::uint64_t life_ = 0;
  std::string run_id_;
  platform::Instant started_at_;
  std::int64_t clock_at_zero_us_;
  std::uint64_t used_memory_ = 1'000'000;
  std::uint32_t replicas_in_step_;

  // What may be forgotten yet: `past_` and then `written_` are what is there.
  const platform::Duration horizon_;
  Keyspace past_;
  std::deque<Written> written_;
  std::size_t confirmed_ = 0;  // of them, by WAIT
  Keyspace snapshot_;
  RedisCounts counts_;
};

}  // namespace payswitch::lab
