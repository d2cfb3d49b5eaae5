#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redis/reply.h"
#include "testing/world/random.h"
#include "testing/world/redis/keyspace.h"
#include "testing/world/redis/words.h"

// One command of Redis: a step that reads and writes a Keyspace. Pure: time and chance come in.
namespace payswitch::lab {

struct RedisCall {
  Keyspace& keys;
  std::span<const std::string_view> words;  // the first is the command's name
  std::int64_t now_us;                      // of Redis' own clock, since 1970
  SeededRandom& random;
  bool wrote = false;  // something is another than before: said again, it has the same effect

  std::size_t size() const { return words.size(); }
  std::string_view operator[](std::size_t index) const { return words[index]; }
  std::string_view key() const { return words[1]; }
};

struct RedisCommand {
  enum Flag : unsigned { reads = 0, writes = 1, may_grow = 2 };
  // Which of the words are keys.
  enum class Keys : std::uint8_t { none, first, all };

  std::string_view name;  // in small letters
  int arity;              // with the name; negative: at least
  unsigned flags;
  Keys keys;
  redis::Reply (*run)(RedisCall& call);

  bool takes(std::size_t words) const {
    return arity < 0 ? words >= static_cast<std::size_t>(-arity)
                     : words == static_cast<std::size_t>(arity);
  }
};

std::span<const RedisCommand> redis_key_commands();
std::span<const RedisCommand> redis_hash_commands();
std::span<const RedisCommand> redis_set_commands();
std::span<const RedisCommand> redis_sorted_set_commands();

// The real Redis would know what to do. A bug of the caller, or a gap of ours: the program ends.
[[noreturn]] void beyond_the_virtual_redis(std::string_view what);
[[noreturn]] void beyond_the_virtual_redis(std::span<const std::string_view> words);

// -- replies ----------------------------------------------------------------------------
inline redis::Reply nil_reply() {
  return {};
}
inline redis::Reply integer_reply(std::int64_t number) {
  return {redis::Reply::Kind::integer, number, {}, {}};
}
inline redis::Reply count_reply(std::size_t count) {
  return integer_reply(static_cast<std::int64_t>(count));
}
inline redis::Reply text_reply(std::string_view text) {
  return {redis::Reply::Kind::text, 0, std::string(text), {}};
}
inline redis::Reply status_reply(std::string_view text) {
  return {redis::Reply::Kind::status, 0, std::string(text), {}};
}
inline redis::Reply error_reply(std::string_view text) {
  return {redis::Reply::Kind::error, 0, std::string(text), {}};
}
inline redis::Reply array_reply(std::vector<redis::Reply> elements = {}) {
  return {redis::Reply::Kind::array, 0, {}, std::move(elements)};
}
redis::Reply text_array(std::span<const std::string_view> texts);

redis::Reply wrong_type();
redis::Reply syntax_error();
redis::Reply not_an_integer();
redis::Reply wrong_arity(std::string_view name);

// -- words ------------------------------------------------------------------------------
inline char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool is_word(std::string_view word, std::string_view small_letters);

// -- typed access -----------------------------------------------------------------------
// What a key holds, when it is a `Content`.
template <class Content>
struct Held {
  Content* content = nullptr;  // null: no such key, or it holds something else
  bool is_another_type = false;
};

template <class Content>
Held<Content> held(RedisCall& call, std::string_view key) {
  RedisValue* value = call.keys.find(key);
  if (value == nullptr) return {};
  Content* content = std::get_if<Content>(&value->content);
  return {content, content == nullptr};
}

// The same, made when there is none.
template <class Content>
Content& held_or_new(RedisCall& call, const Held<Content>& held) {
  if (held.content != nullptr) return *held.content;
  return std::get<Content>(call.keys.add(call.key(), {.content = Content()}).content);
}

// A container that is empty is no key.
template <class Content>
void drop_if_empty(RedisCall& call, const Content& content) {
  if (content.size() == 0) call.keys.erase(call.key());
}

}  // namespace payswitch::lab
