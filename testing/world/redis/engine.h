#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "redis/reply.h"
#include "testing/world/random.h"
#include "testing/world/redis/command.h"
#include "testing/world/redis/keyspace.h"
#include "testing/world/redis/scripts.h"
#include "testing/world/redis/words.h"

namespace payswitch::lab {

// What a Redis does with one command after the other: the keys, the commands, the scripts. Pure:
// time and chance come in. A command that it does not know ends the program. One thread.
class RedisEngine final : private RedisScriptCalls {
 public:
  explicit RedisEngine(SeededRandom& random);

  // One step: a command, or a script as a whole. `now_us` is Redis' own clock.
  redis::Reply run(std::span<const std::string_view> words, std::int64_t now_us);

  // A script may touch only what it was given in KEYS (PROTOCOL 7.1); one that touches more ends
  // the program. A real Redis without Cluster does not look.
  void allow_undeclared_keys() { undeclared_keys_are_allowed_ = true; }

  // While it is: what could need memory is refused, save from scripts that were marked with
  // allow-oom.
  void set_out_of_memory(bool is) { is_out_of_memory_ = is; }
  void forget_scripts() { scripts_.forget_all(); }

  // Scripts that had written when an error ended them (PROTOCOL 7.1 forbids it).
  std::uint64_t scripts_that_failed_halfway() const { return failed_halfway_; }

  // The commands to be repeated, in this order, for what the last step wrote; collected only when
  // asked for.
  void collect_writes() { collects_ = true; }
  RedisWords take_writes() { return std::exchange(writes_, {}); }
  // Says such commands to another keyspace.
  void repeat(const RedisWords& writes, Keyspace& keys);

  const Keyspace& keys() const { return keys_; }
  void replace_keys(Keyspace keys) { keys_ = std::move(keys); }

 private:
  // A script that runs.
  struct Running {
    std::span<const std::string_view> keys;
    unsigned flags = RedisScripts::none;
    bool has_called_a_write = false;
    bool wrote = false;
  };

  redis::Reply call(std::span<const std::string_view> words) override;  // from a script
  const RedisCommand* find(std::string_view name) const;
  redis::Reply perform(const RedisCommand& command, std::span<const std::string_view> words);
  void check_keys(const RedisCommand& command, std::span<const std::string_view> words) const;

  redis::Reply script(std::span<const std::string_view> words);
  redis::Reply evalsha(std::span<const std::string_view> words);
  redis::Reply eval(std::span<const std::string_view> words);
  redis::Reply run_script(std::string_view hash, std::span<const std::string_view> words);

  SeededRandom& random_;
  Keyspace keys_;
  TextMap<const RedisCommand*> commands_;
  RedisScripts scripts_;
  std::optional<Running> running_;
  std::int64_t now_us_ = 0;
  bool is_out_of_memory_ = false;
  bool undeclared_keys_are_allowed_ = false;
  bool collects_ = false;
  RedisWords writes_;
  std::uint64_t failed_halfway_ = 0;
};

}  // namespace payswitch::lab
