#include <fmt/format.h>

#include <array>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

Reply get(RedisCall& call) {
  const auto text = held<RedisText>(call, call.key());
  if (text.is_another_type) return wrong_type();
  return text.content == nullptr ? nil_reply() : text_reply(*text.content);
}

Reply mget(RedisCall& call) {
  std::vector<Reply> found;
  for (std::size_t i = 1; i < call.size(); ++i) {
    const auto text = held<RedisText>(call, call[i]);
    found.push_back(text.content == nullptr ? nil_reply() : text_reply(*text.content));
  }
  return array_reply(std::move(found));
}

void put(RedisCall& call, std::string_view text, std::int64_t expires_at_ms) {
  call.keys.erase(call.key());
  call.keys.add(call.key(), {.content = RedisText(text)});
  if (expires_at_ms != RedisValue::never) call.keys.expire(call.key(), expires_at_ms);
  call.wrote = true;
}

// What stands behind SET key value.
struct SetOptions {
  bool nx = false;
  bool xx = false;
  bool get = false;
  bool keep_expiry = false;
  std::string_view unit;  // ex, px, pxat; empty: none
  std::string_view span;
};

std::optional<SetOptions> parse_set_options(const RedisCall& call) {
  SetOptions options;
  for (std::size_t i = 3; i < call.size(); ++i) {
    bool understood = false;
    const auto flag = [&](std::string_view name, bool& is, bool clashes) {
      if (is_word(call[i], name) && !clashes) understood = is = true;
    };
    flag("nx", options.nx, options.xx);
    flag("xx", options.xx, options.nx);
    flag("get", options.get, false);
    flag("keepttl", options.keep_expiry, !options.unit.empty());
    for (const std::string_view unit : {"ex", "px", "exat", "pxat"}) {
      if (understood || !is_word(call[i], unit) || i + 1 == call.size()) continue;
      if (!options.unit.empty() || options.keep_expiry) return std::nullopt;
      options.unit = unit;
      options.span = call[++i];
      understood = true;
    }
    if (!understood) return std::nullopt;
  }
  return options;
}

// When the text expires, as SET was told.
std::expected<std::int64_t, Reply> expiry(const RedisCall& call, const SetOptions& options) {
  if (options.unit.empty()) return RedisValue::never;
  const auto number = parse_redis_integer(options.span);
  if (!number) return std::unexpected(not_an_integer());
  const auto invalid = std::unexpected(error_reply("ERR invalid expire time in 'set' command"));
  std::int64_t at_ms = *number;
  if (at_ms <= 0) return invalid;
  if (options.unit.starts_with("ex") && __builtin_mul_overflow(at_ms, 1'000, &at_ms)) {
    return invalid;
  }
  const bool is_span = !options.unit.ends_with("at");
  if (is_span && __builtin_add_overflow(at_ms, call.now_ms(), &at_ms)) return invalid;
  return at_ms;
}

Reply set(RedisCall& call) {
  const auto options = parse_set_options(call);
  if (!options) return syntax_error();
  auto expires_at_ms = expiry(call, *options);
  if (!expires_at_ms) return expires_at_ms.error();
  Reply before = options->get ? get(call) : status_reply("OK");
  if (before.is_error()) return before;
  const RedisValue* value = call.keys.find(call.key());
  const bool is_there = value != nullptr;
  if ((options->nx && is_there) || (options->xx && !is_there)) {
    return options->get ? before : nil_reply();
  }
  if (options->keep_expiry && is_there) expires_at_ms = value->expires_at_ms;
  put(call, call[2], *expires_at_ms);
  call.repeat = {"SET", std::string(call.key()), std::string(call[2])};
  if (*expires_at_ms != RedisValue::never) {
    call.repeat.insert(call.repeat.end(), {"PXAT", std::to_string(*expires_at_ms)});
  }
  return before;
}

Reply setnx(RedisCall& call) {
  if (call.keys.find(call.key()) != nullptr) return integer_reply(0);
  put(call, call[2], RedisValue::never);
  return integer_reply(1);
}

Reply add(RedisCall& call, std::int64_t by) {
  const auto text = held<RedisText>(call, call.key());
  if (text.is_another_type) return wrong_type();
  const auto number = text.content == nullptr ? 0 : parse_redis_integer(*text.content);
  if (!number) return not_an_integer();
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, by, &sum)) {
    return error_reply("ERR increment or decrement would overflow");
  }
  held_or_new(call, text) = std::to_string(sum);
  call.wrote = true;
  return integer_reply(sum);
}

Reply incr(RedisCall& call) {
  return add(call, 1);
}

Reply incrby(RedisCall& call) {
  const auto by = parse_redis_integer(call[2]);
  return by ? add(call, *by) : not_an_integer();
}

using Keys = RedisCommand::Keys;
constexpr unsigned grows = RedisCommand::writes | RedisCommand::may_grow;
constexpr std::array commands = {
    RedisCommand{"get", 2, RedisCommand::reads, Keys::first, get},
    RedisCommand{"mget", -2, RedisCommand::reads, Keys::all, mget},
    RedisCommand{"set", -3, grows, Keys::first, set},
    RedisCommand{"setnx", 3, grows, Keys::first, setnx},
    RedisCommand{"incr", 2, grows, Keys::first, incr},
    RedisCommand{"incrby", 3, grows, Keys::first, incrby},
};

}  // namespace

std::span<const RedisCommand> redis_string_commands() {
  return commands;
}

}  // namespace payswitch::lab
