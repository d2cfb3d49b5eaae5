#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

Reply field_of(const RedisHash* hash, std::string_view field) {
  if (hash == nullptr) return nil_reply();
  const auto found = hash->find(field);
  return found == hash->end() ? nil_reply() : text_reply(found->second);
}

std::vector<std::string_view> fields_of(const RedisHash& hash) {
  std::vector<std::string_view> fields;
  fields.reserve(hash.size());
  for (const auto& [field, value] : hash) fields.push_back(field);
  return fields;
}

Reply hget(RedisCall& call) {
  const auto hash = held<RedisHash>(call, call.key());
  return hash.is_another_type ? wrong_type() : field_of(hash.content, call[2]);
}

Reply hmget(RedisCall& call) {
  const auto hash = held<RedisHash>(call, call.key());
  if (hash.is_another_type) return wrong_type();
  std::vector<Reply> found;
  found.reserve(call.size() - 2);
  for (std::size_t i = 2; i < call.size(); ++i) found.push_back(field_of(hash.content, call[i]));
  return array_reply(std::move(found));
}

Reply hset(RedisCall& call) {
  if (call.size() % 2 != 0) return wrong_arity("hset");
  const auto held_hash = held<RedisHash>(call, call.key());
  if (held_hash.is_another_type) return wrong_type();
  RedisHash& hash = held_or_new(call, held_hash);
  std::size_t added = 0;
  for (std::size_t i = 2; i < call.size(); i += 2) {
    const auto found = hash.find(call[i]);
    if (found == hash.end()) {
      hash.emplace(call[i], call[i + 1]);
      ++added;
    } else {
      found->second = call[i + 1];
    }
  }
  call.wrote = true;
  return count_reply(added);
}

Reply hsetnx(RedisCall& call) {
  const auto held_hash = held<RedisHash>(call, call.key());
  if (held_hash.is_another_type) return wrong_type();
  call.wrote = held_or_new(call, held_hash).emplace(call[2], call[3]).second;
  return integer_reply(call.wrote);
}

Reply hdel(RedisCall& call) {
  const auto hash = held<RedisHash>(call, call.key());
  if (hash.is_another_type) return wrong_type();
  if (hash.content == nullptr) return integer_reply(0);
  std::size_t erased = 0;
  for (std::size_t i = 2; i < call.size(); ++i) {
    const auto found = hash.content->find(call[i]);
    if (found == hash.content->end()) continue;
    hash.content->erase(found);
    ++erased;
  }
  call.wrote = erased > 0;
  drop_if_empty(call, *hash.content);
  return count_reply(erased);
}

Reply hincrby(RedisCall& call) {
  const auto by = parse_redis_integer(call[3]);
  if (!by) return not_an_integer();
  const auto hash = held<RedisHash>(call, call.key());
  if (hash.is_another_type) return wrong_type();
  const Reply before = field_of(hash.content, call[2]);
  const auto number = before.kind == Reply::Kind::nil ? 0 : parse_redis_integer(before.text);
  if (!number) return error_reply("ERR hash value is not an integer");
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, *by, &sum)) {
    return error_reply("ERR increment or decrement would overflow");
  }
  held_or_new(call, hash).insert_or_assign(std::string(call[2]), std::to_string(sum));
  call.wrote = true;
  return integer_reply(sum);
}

Reply hgetall(RedisCall& call) {
  const auto hash = held<RedisHash>(call, call.key());
  if (hash.is_another_type) return wrong_type();
  if (hash.content == nullptr) return array_reply();
  auto fields = fields_of(*hash.content);
  std::ranges::sort(fields);
  std::vector<Reply> listed;
  listed.reserve(2 * fields.size());
  for (const std::string_view field : fields) {
    listed.push_back(text_reply(field));
    listed.push_back(text_reply(hash.content->find(field)->second));
  }
  return array_reply(std::move(listed));
}

Reply hkeys(RedisCall& call) {
  const auto hash = held<RedisHash>(call, call.key());
  if (hash.is_another_type) return wrong_type();
  if (hash.content == nullptr) return array_reply();
  auto fields = fields_of(*hash.content);
  std::ranges::sort(fields);
  return text_array(fields);
}

Reply hlen(RedisCall& call) {
  const auto hash = held<RedisHash>(call, call.key());
  if (hash.is_another_type) return wrong_type();
  return count_reply(hash.content == nullptr ? 0 : hash.content->size());
}

Reply hexists(RedisCall& call) {
  const auto hash = held<RedisHash>(call, call.key());
  if (hash.is_another_type) return wrong_type();
  return integer_reply(hash.content != nullptr && hash.content->contains(call[2]));
}

using Keys = RedisCommand::Keys;
constexpr unsigned grows = RedisCommand::writes | RedisCommand::may_grow;
constexpr std::array commands = {
    RedisCommand{"hget", 3, RedisCommand::reads, Keys::first, hget},
    RedisCommand{"hmget", -3, RedisCommand::reads, Keys::first, hmget},
    RedisCommand{"hset", -4, grows, Keys::first, hset},
    RedisCommand{"hsetnx", 4, grows, Keys::first, hsetnx},
    RedisCommand{"hdel", -3, RedisCommand::writes, Keys::first, hdel},
    RedisCommand{"hincrby", 4, grows, Keys::first, hincrby},
    RedisCommand{"hgetall", 2, RedisCommand::reads, Keys::first, hgetall},
    RedisCommand{"hkeys", 2, RedisCommand::reads, Keys::first, hkeys},
    RedisCommand{"hlen", 2, RedisCommand::reads, Keys::first, hlen},
    RedisCommand{"hexists", 3, RedisCommand::reads, Keys::first, hexists},
};

}  // namespace

std::span<const RedisCommand> redis_hash_commands() {
  return commands;
}

}  // namespace payswitch::lab
