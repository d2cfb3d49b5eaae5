#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "redis/reply.h"
#include "testing/world/redis/sorted_set.h"

struct lua_State;

namespace payswitch::lab {

// What redis.call leads to.
class RedisScriptCalls {
 public:
  virtual ~RedisScriptCalls() = default;
  virtual redis::Reply call(std::span<const std::string_view> words) = 0;
};

// The Lua 5.1 of a Redis 7: scripts by their hash, and how they see the world: KEYS, ARGV,
// redis.call, .pcall, .error_reply, .status_reply, .sha1hex; string, table, math and what else
// Redis leaves in. No cjson, cmsgpack, struct, bit: a script that uses one gets an error of Lua. A
// script is compiled once, however often it is forgotten and loaded. One thread.
class RedisScripts {
 public:
  // Nothing that ends by itself is that long.
  static constexpr int max_instructions = 200'000'000;

  enum Flag : unsigned { none = 0, allow_oom = 1, no_writes = 2, has_shebang = 4 };

  explicit RedisScripts(RedisScriptCalls& calls);
  ~RedisScripts();
  RedisScripts(const RedisScripts&) = delete;
  RedisScripts& operator=(const RedisScripts&) = delete;

  // Its hash, or the error that Redis answers.
  std::expected<std::string, redis::Reply> load(std::string_view source);
  bool knows(std::string_view hash) const;
  unsigned flags(std::string_view hash) const { return scripts_.find(hash)->second.flags; }
  void forget_all();

  struct Outcome {
    redis::Reply reply;
    bool is_raised = false;  // the script did not come to its end
  };
  // One that is known.
  Outcome run(std::string_view hash, std::span<const std::string_view> keys,
              std::span<const std::string_view> arguments);

 private:
  struct Script {
    int function = 0;  // in Lua's registry
    unsigned flags = none;
    bool is_loaded = false;
  };
  struct Close {
    void operator()(lua_State* lua) const;
  };

  void make_globals();

  std::unique_ptr<lua_State, Close> lua_;
  TextMap<Script> scripts_;
  int seen_ = 0;  // in the registry: the globals as scripts see them
};

}  // namespace payswitch::lab
