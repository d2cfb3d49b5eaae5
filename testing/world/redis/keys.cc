#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

// Commands for keys of any type, and those for none.
namespace payswitch::lab {

using redis::Reply;

namespace {

Reply del(RedisCall& call) {
  std::size_t erased = 0;
  for (std::size_t i = 1; i < call.size(); ++i) erased += call.keys.erase(call[i]);
  call.wrote = erased > 0;
  return count_reply(erased);
}

Reply exists(RedisCall& call) {
  std::size_t found = 0;
  for (std::size_t i = 1; i < call.size(); ++i) found += call.keys.find(call[i]) != nullptr;
  return count_reply(found);
}

Reply type(RedisCall& call) {
  constexpr std::array<std::string_view, 4> names = {"string", "hash", "set", "zset"};
  const RedisValue* value = call.keys.find(call.key());
  return status_reply(value == nullptr ? "none" : names[value->content.index()]);
}

Reply expire_at(RedisCall& call, std::int64_t at_ms) {
  if (call.keys.find(call.key()) == nullptr) return integer_reply(0);
  call.wrote = true;
  if (at_ms <= call.now_ms()) {
    call.keys.erase(call.key());
    call.repeat = {"DEL", std::string(call.key())};
  } else {
    call.keys.expire(call.key(), at_ms);
    call.repeat = {"PEXPIREAT", std::string(call.key()), std::to_string(at_ms)};
  }
  return integer_reply(1);
}

Reply pexpire(RedisCall& call) {
  if (call.size() > 3) beyond_the_virtual_redis(call.words);
  const auto span = parse_redis_integer(call[2]);
  if (!span) return not_an_integer();
  std::int64_t at_ms = 0;
  if (__builtin_add_overflow(*span, call.now_ms(), &at_ms)) {
    return error_reply("ERR invalid expire time in 'pexpire' command");
  }
  return expire_at(call, at_ms);
}

Reply pexpireat(RedisCall& call) {
  if (call.size() > 3) beyond_the_virtual_redis(call.words);
  const auto at_ms = parse_redis_integer(call[2]);
  if (!at_ms) return not_an_integer();
  return expire_at(call, *at_ms);
}

Reply pttl(RedisCall& call) {
  const RedisValue* value = call.keys.find(call.key());
  if (value == nullptr) return integer_reply(-2);
  if (value->expires_at_ms == RedisValue::never) return integer_reply(-1);
  return integer_reply(value->expires_at_ms - call.now_ms());
}

Reply dbsize(RedisCall& call) {
  return count_reply(call.keys.size());
}

Reply time(RedisCall& call) {
  constexpr std::int64_t second = 1'000'000;
  return array_reply({text_reply(std::to_string(call.now_us / second)),
                      text_reply(std::to_string(call.now_us % second))});
}

Reply ping(RedisCall& call) {
  if (call.size() > 2) return wrong_arity("ping");
  return call.size() == 2 ? text_reply(call[1]) : status_reply("PONG");
}

Reply echo(RedisCall& call) {
  return text_reply(call[1]);
}

using Keys = RedisCommand::Keys;
constexpr std::array commands = {
    RedisCommand{"del", -2, RedisCommand::writes, Keys::all, del},
    RedisCommand{"exists", -2, RedisCommand::reads, Keys::all, exists},
    RedisCommand{"type", 2, RedisCommand::reads, Keys::first, type},
    RedisCommand{"pexpire", -3, RedisCommand::writes, Keys::first, pexpire},
    RedisCommand{"pexpireat", -3, RedisCommand::writes, Keys::first, pexpireat},
    RedisCommand{"pttl", 2, RedisCommand::reads, Keys::first, pttl},
    RedisCommand{"dbsize", 1, RedisCommand::reads, Keys::none, dbsize},
    RedisCommand{"time", 1, RedisCommand::reads, Keys::none, time},
    RedisCommand{"ping", -1, RedisCommand::reads, Keys::none, ping},
    RedisCommand{"echo", 2, RedisCommand::reads, Keys::none, echo},
};

}  // namespace

std::span<const RedisCommand> redis_key_commands() {
  return commands;
}

}  // namespace payswitch::lab
