#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

std::vector<std::string_view> sorted_members_of(const RedisSet& set) {
  std::vector<std::string_view> members(set.begin(), set.end());
  std::ranges::sort(members);
  return members;
}

Reply sadd(RedisCall& call) {
  const auto held_set = held<RedisSet>(call, call.key());
  if (held_set.is_another_type) return wrong_type();
  RedisSet& set = held_or_new(call, held_set);
  std::size_t added = 0;
  for (std::size_t i = 2; i < call.size(); ++i) added += set.emplace(call[i]).second;
  call.wrote = added > 0;
  return count_reply(added);
}

Reply srem(RedisCall& call) {
  const auto set = held<RedisSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  if (set.content == nullptr) return integer_reply(0);
  std::size_t erased = 0;
  for (std::size_t i = 2; i < call.size(); ++i) {
    const auto found = set.content->find(call[i]);
    if (found == set.content->end()) continue;
    set.content->erase(found);
    ++erased;
  }
  call.wrote = erased > 0;
  drop_if_empty(call, *set.content);
  return count_reply(erased);
}

Reply scard(RedisCall& call) {
  const auto set = held<RedisSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  return count_reply(set.content == nullptr ? 0 : set.content->size());
}

Reply smembers(RedisCall& call) {
  const auto set = held<RedisSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  return set.content == nullptr ? array_reply() : text_array(sorted_members_of(*set.content));
}

// Positive: that many different ones; negative: that many, each any of them.
Reply some_members(RedisCall& call, const RedisSet& set, std::int64_t count) {
  auto members = sorted_members_of(set);
  if (count < 0) {
    std::vector<std::string_view> drawn;
    for (; count < 0; ++count) drawn.push_back(members[call.random.below(members.size())]);
    return text_array(drawn);
  }
  const auto wanted = std::min(members.size(), static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < wanted && wanted < members.size(); ++i) {
    std::swap(members[i], members[i + call.random.below(members.size() - i)]);
  }
  return text_array(std::span(members).first(wanted));
}

Reply srandmember(RedisCall& call) {
  if (call.size() > 3) return syntax_error();
  const bool is_one = call.size() == 2;
  const auto count = is_one ? 1 : parse_redis_integer(call[2]);
  if (!count) return not_an_integer();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (*count < -most) {
    return error_reply(
        fmt::format("ERR value is out of range, value must between {} and {}", -most, most));
  }
  const auto set = held<RedisSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  if (set.content == nullptr) return is_one ? nil_reply() : array_reply();
  Reply some = some_members(call, *set.content, *count);
  return is_one ? some.elements.front() : some;
}

using Keys = RedisCommand::Keys;
constexpr unsigned grows = RedisCommand::writes | RedisCommand::may_grow;
constexpr std::array commands = {
    RedisCommand{"sadd", -3, grows, Keys::first, sadd},
    RedisCommand{"srem", -3, RedisCommand::writes, Keys::first, srem},
    RedisCommand{"scard", 2, RedisCommand::reads, Keys::first, scard},
    RedisCommand{"smembers", 2, RedisCommand::reads, Keys::first, smembers},
    RedisCommand{"srandmember", -2, RedisCommand::reads, Keys::first, srandmember},
};

}  // namespace

std::span<const RedisCommand> redis_set_commands() {
  return commands;
}

}  // namespace payswitch::lab
