#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

// -- ZADD ---------------------------------------------------------------------------------

struct AddOptions {
  bool nx = false, xx = false, gt = false, lt = false, ch = false, incr = false;
  std::size_t first = 2;  // the first score
};

AddOptions parse_add_options(const RedisCall& call) {
  AddOptions options;
  for (; options.first < call.size(); ++options.first) {
    const auto flag = [word = call[options.first]](std::string_view name, bool& is) {
      if (!is_word(word, name)) return false;
      return is = true;
    };
    if (!flag("nx", options.nx) && !flag("xx", options.xx) && !flag("gt", options.gt) &&
        !flag("lt", options.lt) && !flag("ch", options.ch) && !flag("incr", options.incr)) {
      break;
    }
  }
  return options;
}

std::optional<Reply> fault_of(const RedisCall& call, const AddOptions& options) {
  const std::size_t words = call.size() - options.first;
  if (words == 0 || words % 2 != 0) return syntax_error();
  if (options.nx && options.xx) {
    return error_reply("ERR XX and NX options at the same time are not compatible");
  }
  if (options.nx + options.gt + options.lt > 1) {
    return error_reply("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.incr && words > 2) {
    return error_reply("ERR INCR option supports a single increment-element pair");
  }
  for (std::size_t i = options.first; i < call.size(); i += 2) {
    if (!parse_redis_score(call[i])) return error_reply("ERR value is not a valid float");
  }
  return std::nullopt;
}

struct Added {
  bool is_left_alone = false;
  bool is_new = false;
  bool is_changed = false;
  double score = 0;  // NaN: it cannot be
};

Added add_one(SortedSet& set, const AddOptions& options, std::string_view member, double score) {
  const auto before = set.score(member);
  if (before ? options.nx : options.xx) return {.is_left_alone = true};
  if (before && options.incr) score += *before;
  if (std::isnan(score)) return {.score = score};
  if (before && ((options.gt && score <= *before) || (options.lt && score >= *before))) {
    return {.is_left_alone = true};
  }
  const bool is_changed = before != score;
  if (is_changed) set.set(member, score);
  return {.is_new = !before, .is_changed = is_changed, .score = score};
}

Reply zadd(RedisCall& call) {
  const AddOptions options = parse_add_options(call);
  if (auto fault = fault_of(call, options)) return *fault;
  const auto held_set = held<SortedSet>(call, call.key());
  if (held_set.is_another_type) return wrong_type();
  if (held_set.content == nullptr && options.xx) {
    return options.incr ? nil_reply() : integer_reply(0);
  }
  SortedSet& set = held_or_new(call, held_set);
  std::size_t added = 0;
  std::size_t changed = 0;
  Added last;
  for (std::size_t i = options.first; i < call.size(); i += 2) {
    last = add_one(set, options, call[i + 1], *parse_redis_score(call[i]));
    if (std::isnan(last.score)) return error_reply("ERR resulting score is not a number (NaN)");
    added += last.is_new;
    changed += last.is_changed;
  }
  call.wrote = changed > 0;
  if (!options.incr) return count_reply(options.ch ? changed : added);
  return last.is_left_alone ? nil_reply() : text_reply(format_redis_double(last.score));
}

// -- ranges -------------------------------------------------------------------------------

struct RangeOptions {
  bool by_score = false;
  bool reversed = false;
  bool with_scores = false;
  std::optional<std::pair<std::int64_t, std::int64_t>> limit;  // offset, count
};

std::expected<RangeOptions, Reply> parse_range_options(const RedisCall& call, bool by_score) {
  RangeOptions options;
  options.by_score = by_score;
  for (std::size_t i = 4; i < call.size(); ++i) {
    if (is_word(call[i], "withscores")) {
      options.with_scores = true;
    } else if (is_word(call[i], "limit") && i + 2 < call.size()) {
      const auto offset = parse_redis_integer(call[i + 1]);
      const auto count = parse_redis_integer(call[i + 2]);
      if (!offset || !count) return std::unexpected(not_an_integer());
      options.limit = {*offset, *count};
      i += 2;
    } else if (!by_score && is_word(call[i], "byscore")) {
      options.by_score = true;
    } else if (!by_score && is_word(call[i], "rev")) {
      options.reversed = true;
    } else if (!by_score && is_word(call[i], "bylex")) {
      beyond_the_virtual_redis(call.words);
    } else {
      return std::unexpected(syntax_error());
    }
  }
  if (options.limit && !options.by_score) {
    return std::unexpected(error_reply(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"));
  }
  return options;
}

Reply list(std::span<const SortedSet::Entry* const> entries, bool with_scores) {
  std::vector<Reply> listed;
  for (const SortedSet::Entry* entry : entries) {
    listed.push_back(text_reply(entry->second));
    if (with_scores) listed.push_back(text_reply(format_redis_double(entry->first)));
  }
  return array_reply(std::move(listed));
}

template <class Begin, class End>
std::vector<const SortedSet::Entry*> take(Begin begin, End end, std::int64_t skipped,
                                          std::int64_t most) {
  std::vector<const SortedSet::Entry*> taken;
  for (; begin != end && skipped > 0; --skipped) ++begin;
  for (; begin != end && most != 0; ++begin, --most) taken.push_back(&*begin);
  return taken;
}

Reply range_by_score(RedisCall& call, const RangeOptions& options) {
  const auto least = parse_redis_bound(call[options.reversed ? 3 : 2]);
  const auto most = parse_redis_bound(call[options.reversed ? 2 : 3]);
  if (!least || !most) return error_reply("ERR min or max is not a float");
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  const auto [skipped, count] = options.limit.value_or(std::pair(0, -1));
  if (set.content == nullptr || skipped < 0) return array_reply();
  const auto [begin, end] = set.content->between(*least, *most);
  return list(options.reversed
                  ? take(std::reverse_iterator(end), std::reverse_iterator(begin), skipped, count)
                  : take(begin, end, skipped, count),
              options.with_scores);
}

Reply range_by_rank(RedisCall& call, const RangeOptions& options) {
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
  const auto& entries = set.content->entries();
  return list(options.reversed ? take(entries.rbegin(), entries.rend(), begin, end - begin + 1)
                               : take(entries.begin(), entries.end(), begin, end - begin + 1),
              options.with_scores);
}

Reply zrange(RedisCall& call) {
  const auto options = parse_range_options(call, false);
  if (!options) return options.error();
  return options->by_score ? range_by_score(call, *options) : range_by_rank(call, *options);
}

Reply zrangebyscore(RedisCall& call) {
  const auto options = parse_range_options(call, true);
  return options ? range_by_score(call, *options) : options.error();
}

Reply zremrangebyscore(RedisCall& call) {
  const auto least = parse_redis_bound(call[2]);
  const auto most = parse_redis_bound(call[3]);
  if (!least || !most) return error_reply("ERR min or max is not a float");
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  if (set.content == nullptr) return integer_reply(0);
  const auto [begin, end] = set.content->between(*least, *most);
  std::vector<std::string> members;
  for (auto entry = begin; entry != end; ++entry) members.push_back(entry->second);
  for (const std::string& member : members) set.content->erase(member);
  call.wrote = !members.empty();
  drop_if_empty(call, *set.content);
  return count_reply(members.size());
}

Reply zcount(RedisCall& call) {
  const auto least = parse_redis_bound(call[2]);
  const auto most = parse_redis_bound(call[3]);
  if (!least || !most) return error_reply("ERR min or max is not a float");
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  if (set.content == nullptr) return integer_reply(0);
  const auto [begin, end] = set.content->between(*least, *most);
  return integer_reply(std::distance(begin, end));
}

// -- the rest -----------------------------------------------------------------------------

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

Reply zcard(RedisCall& call) {
  const auto set = held<SortedSet>(call, call.key());
  if (set.is_another_type) return wrong_type();
  return count_reply(set.content == nullptr ? 0 : set.content->size());
}

using Keys = RedisCommand::Keys;
constexpr unsigned grows = RedisCommand::writes | RedisCommand::may_grow;
constexpr std::array commands = {
    RedisCommand{"zadd", -4, grows, Keys::first, zadd},
    RedisCommand{"zrem", -3, RedisCommand::writes, Keys::first, zrem},
    RedisCommand{"zscore", 3, RedisCommand::reads, Keys::first, zscore},
    RedisCommand{"zcard", 2, RedisCommand::reads, Keys::first, zcard},
    RedisCommand{"zcount", 4, RedisCommand::reads, Keys::first, zcount},
    RedisCommand{"zrange", -4, RedisCommand::reads, Keys::first, zrange},
    RedisCommand{"zrangebyscore", -4, RedisCommand::reads, Keys::first, zrangebyscore},
    RedisCommand{"zremrangebyscore", 4, RedisCommand::writes, Keys::first, zremrangebyscore},
};

}  // namespace

std::span<const RedisCommand> redis_sorted_set_commands() {
  return commands;
}

}  // namespace payswitch::lab
