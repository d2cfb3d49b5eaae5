#include "testing/world/redis/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace payswitch::lab {

using redis::Reply;

void beyond_the_virtual_redis(std::string_view what) {
  fmt::print(stderr, "beyond the virtual Redis: {}\n", what);
  std::abort();
}

void beyond_the_virtual_redis(std::span<const std::string_view> words) {
  beyond_the_virtual_redis(fmt::format("{}", fmt::join(words, " ")));
}

Reply text_array(std::span<const std::string_view> texts) {
  std::vector<Reply> elements;
  elements.reserve(texts.size());
  for (const std::string_view text : texts) elements.push_back(text_reply(text));
  return array_reply(std::move(elements));
}

Reply wrong_type() {
  return error_reply("WRONGTYPE Operation against a key holding the wrong kind of value");
}

Reply syntax_error() {
  return error_reply("ERR syntax error");
}

Reply not_an_integer() {
  return error_reply("ERR value is not an integer or out of range");
}

Reply wrong_arity(std::string_view name) {
  return error_reply(fmt::format("ERR wrong number of arguments for '{}' command", name));
}

bool is_word(std::string_view word, std::string_view small_letters) {
  return std::ranges::equal(word, small_letters,
                            [](char a, char b) { return small_letter(a) == b; });
}

}  // namespace payswitch::lab
