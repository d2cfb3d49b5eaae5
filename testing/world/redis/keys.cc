#include <array>

#include "testing/world/redis/command.h"

// Commands for keys of any type, and those for none.
namespace payswitch::lab {

using redis::Reply;

namespace {

Reply exists(RedisCall& call) {
  std::size_t found = 0;
  for (std::size_t i = 1; i < call.size(); ++i) found += call.keys.find(call[i]) != nullptr;
  return count_reply(found);
}

Reply time(RedisCall& call) {
  constexpr std::int64_t second = 1'000'000;
  return array_reply({text_reply(std::to_string(call.now_us / second)),
                      text_reply(std::to_string(call.now_us % second))});
}

using Keys = RedisCommand::Keys;
constexpr std::array commands = {
    RedisCommand{"exists", -2, RedisCommand::reads, Keys::all, exists},
    RedisCommand{"time", 1, RedisCommand::reads, Keys::none, time},
};

}  // namespace

std::span<const RedisCommand> redis_key_commands() {
  return commands;
}

}  // namespace payswitch::lab
