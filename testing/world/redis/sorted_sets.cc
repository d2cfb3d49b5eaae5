#include <algorithm>
#include <array>
#include <ranges>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

// Without options.
Reply zadd(RedisCall& call) {
  for (const std::string_view option : {"nx", "xx", "gt", "lt", "ch", "incr"}) {
    if (is_word(call[2], option)) beyond_the_virtual_redis(call.words);
  }
  if (call.size() % 2 != 0) return syntax_error();
  for (std::size_t i = 2; i < call.size(); i += 2) {
    if (!parse_redis_score(call[i])) return error_reply("ERR value is not a valid float");
  }
  const auto held_set = held<SortedSet>(call, call.key());
  if (held_set.is_another_type) return wrong_type();
  SortedSet& set = held_or_new(call, held_set);
  std::size_t added = 0;
  for (std::size_t i = 2; i < call.size(); i += 2) {
    const auto before = set.score(call[i + 1]);
    const double score = *parse_redis_score(call[i]);
    if (before == score) continue;
    set.set(call[i + 1], score);
    added += !before;
    call.wrote = true;
  }
  return count_reply(added);
}

template <class Entries>
Reply list(Entries entries) {
  std::vector<Reply> listed;
  for (const SortedSet::Entry& entry : entries) listed.push_back(text_reply(entry.second));
  return array_reply(std::move(listed));
}

// The real one has options here, and refuses every other word.
Reply refuse_options(const RedisCall& call) {
  for (const std::string_view option : {"withscores", "limit", "byscore", "bylex", "rev"}) {
    if (is_word(call[4], option)) beyond_the_virtual_redis(call.words);
  }
  return syntax_error();
}

// By rank, without options.
Reply zrange(RedisCall& call) {
  if (call.size() > 4) return refuse_options(call);
  const auto first = parse_redis_integer(call[2]);
  const auto last = parse_redis_integer(call[3]);
  if (!first || !last) return not_an_integer();
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  if (set.content == nullptr) return array_reply();
  const auto size = static_cast<std::int64_t>(set.content->size());
  const auto begin = std::max<std::int64_t>(0, *first < 0 ? *first + size : *first);
  const auto end = std::min(size - 1, *last < 0 ? *last + size : *last);
  if (begin > end) return array_reply();
  return list(set.content->entries() | std::views::drop(begin) | std::views::take(end - begin + 1));
}

// Without options.
Reply zrangebyscore(RedisCall& call) {
  if (call.size() > 4) return refuse_options(call);
  const auto least = parse_redis_bound(call[2]);
  const auto most = parse_redis_bound(call[3]);
  if (!least || !most) return error_reply("ERR min or max is not a float");
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  if (set.content == nullptr) return array_reply();
  const auto [begin, end] = set.content->between(*least, *most);
  return list(std::ranges::subrange(begin, end));
}

Reply zrem(RedisCall& call) {
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  if (set.content == nullptr) return integer_reply(0);
  std::size_t erased = 0;
  for (std::size_t i = 2; i < call.size(); ++i) erased += set.content->erase(call[i]);
  call.wrote = erased > 0;
  drop_if_empty(call, *set.content);
  return count_reply(erased);
}

Reply zscore(RedisCall& call) {
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  const auto score = set.content == nullptr ? std::nullopt : set.content->score(call[2]);
  return score ? text_reply(format_redis_double(*score)) : nil_reply();
}

using Keys = RedisCommand::Keys;
constexpr unsigned grows = RedisCommand::writes | RedisCommand::may_grow;
constexpr std::array commands = {
    RedisCommand{"zadd", -4, grows, Keys::first, zadd},
    RedisCommand{"zrem", -3, RedisCommand::writes, Keys::first, zrem},
    RedisCommand{"zscore", 3, RedisCommand::reads, Keys::first, zscore},
    RedisCommand{"zrange", -4, RedisCommand::reads, Keys::first, zrange},
    RedisCommand{"zrangebyscore", -4, RedisCommand::reads, Keys::first, zrangebyscore},
};

}  // namespace

std::span<const RedisCommand> redis_sorted_set_commands() {
  return commands;
}

}  // namespace payswitch::lab
