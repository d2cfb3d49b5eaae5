#include "testing/world/redis/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "testing/world/redis/numbers.h"
#include "text/number.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

constexpr std::size_t usual_page = 10;

}  // namespace

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

std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  const bool is_negative = text.starts_with("-");  // strtoul counts these from the end
  if (is_negative) text.remove_prefix(1);
  const auto cursor = text::parse_number<std::uint64_t>(text);
  return cursor && is_negative ? 0 - *cursor : cursor;
}

std::expected<std::size_t, Reply> parse_scan_count(const RedisCall& call) {
  std::size_t count = usual_page;
  for (std::size_t i = 3; i < call.size(); i += 2) {
    if (is_word(call[i], "match")) beyond_the_virtual_redis(call.words);
    if (!is_word(call[i], "count") || i + 1 == call.size()) return std::unexpected(syntax_error());
    const auto number = parse_redis_integer(call[i + 1]);
    if (!number) return std::unexpected(not_an_integer());
    if (*number < 1) return std::unexpected(syntax_error());
    count = static_cast<std::size_t>(*number);
  }
  return count;
}

ScanPage scan_page(std::vector<std::string_view> names, std::uint64_t cursor, std::size_t count) {
  const auto place = [](std::string_view name) {
    return std::max<std::uint64_t>(1, TextHash()(name));  // 0 is the beginning
  };
  const auto earlier = [&](std::string_view a, std::string_view b) {
    return std::pair(place(a), a) < std::pair(place(b), b);
  };
  std::erase_if(names, [&](std::string_view name) { return place(name) < cursor; });
  if (names.size() > count) {
    std::ranges::nth_element(names, names.begin() + static_cast<std::ptrdiff_t>(count), earlier);
    const std::uint64_t next = place(names[count]);
    // Names of one place are never parted.
    std::vector<std::string_view> page;
    std::ranges::copy_if(names, std::back_inserter(page),
                         [&](std::string_view name) { return place(name) < next; });
    if (!page.empty()) {
      std::ranges::sort(page, earlier);
      return {std::move(page), next};
    }
  }
  std::ranges::sort(names, earlier);
  return {std::move(names), 0};
}

}  // namespace payswitch::lab
