// The virtual Redis against a real one: the same random commands and scripts, the same replies, the
// same content in the end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <vector>

#include "testing/world/redis/engine.h"
#include "testing/world/redis/real_redis_fixture.h"
#include "testing/world/redis/twin_scripts_fixture.h"

namespace payswitch::lab {
namespace {

using redis::Reply;
using Words = std::vector<std::string>;

constexpr std::size_t sequences = 60;
constexpr std::size_t steps = 400;
constexpr std::array keys = {"{s}a", "{s}b", "{s}c", "{s}d", "{s}e"};

std::string shown(const Reply& reply) {
  constexpr std::array kinds = {"nil", "integer", "status", "text", "array", "error"};
  std::string text = fmt::format(
      "{}({}{}", kinds[static_cast<std::size_t>(reply.kind)],
      reply.kind == Reply::Kind::integer ? fmt::to_string(reply.integer) : std::string(),
      reply.text);
  for (const Reply& element : reply.elements) text += " " + shown(element);
  return text + ")";
}

bool by_text(const Reply& a, const Reply& b) {
  return shown(a) < shown(b);
}

class Twins {
 public:
  explicit Twins(std::uint64_t seed) : random_(seed), engine_(random_) {}

  Reply ask_real(const Words& words) { return real_.ask(views(words)); }
  Reply ask_virtual(const Words& words) { return engine_.run(views(words), now_us_); }

  void set_out_of_memory(bool is) {
    ask_real({"CONFIG", "SET", "maxmemory", is ? "1" : "0"});
    engine_.set_out_of_memory(is);
  }

  void begin() {
    ask_real({"FLUSHALL"});
    engine_.replace_keys({});
    history_.clear();
  }

  // Both must say the same.
  void ask(const Words& words) {
    history_.push_back(fmt::format("{}", fmt::join(words, " ")));
    const Reply real = in_order(words, ask_real(words));
    const Reply ours = in_order(words, ask_virtual(words));
    // What is drawn differs; how much is drawn does not.
    const bool is_drawn = words[0] == "SRANDMEMBER" && real.kind != Reply::Kind::error;
    const bool same = is_drawn
                          ? real.kind == ours.kind && real.elements.size() == ours.elements.size()
                          : real == ours;
    EXPECT_TRUE(same) << history_.back() << "\n  real:    " << shown(real)
                      << "\n  virtual: " << shown(ours);
  }

  void compare_content() {
    EXPECT_EQ(ask_real({"DBSIZE"}).integer, static_cast<std::int64_t>(engine_.keys().size()));
    for (const std::string key : keys) {
      const std::string type = ask_real({"TYPE", key}).text;
      if (type == "hash") ask({"HGETALL", key});
      if (type == "set") ask({"SMEMBERS", key});
      if (type != "zset") continue;
      ask({"ZRANGE", key, "0", "-1"});
      for (const Reply& member : ask_real({"ZRANGE", key, "0", "-1"}).elements) {
        ask({"ZSCORE", key, member.text});
      }
    }
  }

 private:
  static std::vector<std::string_view> views(const Words& words) {
    return {words.begin(), words.end()};
  }

  // Members in the order of their names.
  static Reply in_order(const Words& words, Reply reply) {
    if (words[0] == "SMEMBERS" || words[0] == "HKEYS") std::ranges::sort(reply.elements, by_text);
    if (words[0] != "HGETALL") return reply;
    std::vector<Reply> pairs;
    for (std::size_t i = 0; i < reply.elements.size(); i += 2) {
      pairs.push_back(Reply{Reply::Kind::array, 0, {}, {reply.elements[i], reply.elements[i + 1]}});
    }
    std::ranges::sort(pairs, by_text);
    reply.elements = std::move(pairs);
    return reply;
  }

  SeededRandom random_;
  RedisEngine engine_;
  RealRedis real_;
  std::vector<std::string> history_;
  std::int64_t now_us_ = std::chrono::duration_cast<std::chrono::microseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
};

// What is asked at random: "$k" stands for a key, "$f" for a field, "$v" a value, "$n" an integer,
// "$s" a score, "$b" an end of a range of scores, "$r" a rank, "$c" a count.
const std::vector<Words> patterns = {
    {"EXISTS", "$k", "$k"},
    {"HGET", "$k", "$f"},
    {"HMGET", "$k", "$f", "$f", "$f"},
    {"HSET", "$k", "$f", "$v"},
    {"HSET", "$k", "$f", "$v", "$f", "$v"},
    {"HSETNX", "$k", "$f", "$v"},
    {"HDEL", "$k", "$f", "$f"},
    {"HDEL", "$k", "$f", "$f", "$f", "$f", "$f", "$f", "$f"},
    {"HINCRBY", "$k", "$f", "$n"},
    {"HGETALL", "$k"},
    {"HKEYS", "$k"},
    {"HLEN", "$k"},
    {"HEXISTS", "$k", "$f"},
    {"SADD", "$k", "$v"},
    {"SADD", "$k", "$v", "$f", "$v"},
    {"SREM", "$k", "$v", "$f"},
    {"SREM", "$k", "$v", "$v", "$v", "$v", "$v", "$v", "$f", "$f", "$f"},
    {"SCARD", "$k"},
    {"SRANDMEMBER", "$k"},
    {"SRANDMEMBER", "$k", "$c"},
    {"SMEMBERS", "$k"},
    {"ZADD", "$k", "$s", "$f"},
    {"ZADD", "$k", "$s", "$f", "$s", "$v"},
    {"ZADD", "$k", "$s", "$f", "$s"},
    {"ZREM", "$k", "$f", "$v"},
    {"ZREM", "$k", "$f", "$f", "$f", "$f", "$f", "$f", "$v"},
    {"ZSCORE", "$k", "$f"},
    {"ZRANGE", "$k", "$r", "$r"},
    {"ZRANGEBYSCORE", "$k", "$b", "$b"},
};

// Commands that fit together often enough, and are wrong often enough.
class RandomCommands {
 public:
  explicit RandomCommands(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_.below(bound); }
  bool one_in(std::size_t of) { return random_.one_in(of); }

  std::string key() { return keys[below(keys.size())]; }

  Words next() {
    Words words = pattern();
    for (std::string& word : words) word = filled(word);
    // A further word would be a key that is in no KEYS, or an option that we do not have.
    constexpr std::array open_ended = {"DEL", "EXISTS", "MGET", "PEXPIRE"};
    // Now and then a word too few or too many.
    if (one_in(40) && words.size() > 1) {
      words.pop_back();
    } else if (one_in(60) && std::ranges::find(open_ended, words[0]) == open_ended.end()) {
      words.push_back(filled("$v"));
    }
    return words;
  }

 private:
  template <class List>
  std::string any(const List& list) {
    return std::string(list[below(list.size())]);
  }

  std::string filled(const std::string& word) {
    constexpr std::array fields = {"f", "g", "h", "i", "j", "", "long-field-with-some-text"};
    constexpr std::array values = {"",
                                   "x",
                                   "0",
                                   "1",
                                   "-7",
                                   "42",
                                   "007",
                                   "1.5",
                                   " 3",
                                   "+4",
                                   "9223372036854775807",
                                   "-9223372036854775808",
                                   "text"};
    constexpr std::array integers = {
        "0",   "1", "-1", "5", "-100", "9223372036854775807", "x", "-9223372036854775808",
        "1.0", "",  "-0"};
    constexpr std::array scores = {"0",    "1",      "-1",    "2.5",   "1e3",
                                   "inf",  "-inf",   "0.1",   "1e300", "3",
                                   "4",    "5",      "x",     "nan",   "1750000000123",
                                   "0x10", "1e-400", "1e999", "-0",    "4611686018427387905"};
    constexpr std::array bounds = {"-inf", "+inf", "0", "(0", "1",   "(1",   "2.5",   "(1e3",
                                   "5",    "x",    "(", "",   "inf", "(inf", "(-inf", "-1"};
    constexpr std::array ranks = {"0", "-1", "1", "3", "-3", "100", "-100", "x"};
    constexpr std::array counts = {"0", "1", "2", "5", "100", "-1", "-3", "x"};
    if (word == "$k") return key();
    if (word == "$f") return any(fields);
    if (word == "$v") return any(values);
    if (word == "$n") return any(integers);
    if (word == "$s") return any(scores);
    if (word == "$b") return any(bounds);
    if (word == "$r") return any(ranks);
    if (word == "$c") return any(counts);
    return word;
  }

  Words pattern() { return patterns[below(patterns.size())]; }

  SeededRandom random_;
};

// Runs the commands that stand in ARGV, each behind the number of its words, and answers with what
// Lua sees of the replies, and with the replies.
constexpr std::string_view run_all = R"lua(#!lua flags=allow-oom
local replies, seen, at = {}, {}, 1
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local words = {}
  for i = 1, count do words[i] = ARGV[at + i] end
  at = at + count + 1
  local reply = redis.pcall(unpack(words))
  if words[1] == 'SMEMBERS' or words[1] == 'HKEYS' then
    if type(reply) == 'table' and not reply.err then table.sort(reply) end
  end
  seen[#seen + 1] = type(reply) .. tostring(type(reply) == 'table' and #reply or reply)
  replies[#replies + 1] = reply
end
return {replies, seen}
)lua";

Words all_at_once(RandomCommands& commands, std::string_view script) {
  Words words{"EVAL", std::string(script), std::to_string(keys.size())};
  words.insert(words.end(), keys.begin(), keys.end());
  for (std::size_t i = 1 + commands.below(8); i > 0; --i) {
    Words command = commands.next();
    // What has no order, or no certain answer.
    if (command[0] == "HGETALL" || command[0] == "SRANDMEMBER") continue;
    words.push_back(std::to_string(command.size()));
    words.insert(words.end(), command.begin(), command.end());
  }
  return words;
}

TEST(RedisTwin, RandomCommandsSayAndLeaveTheSame) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  Twins twins(seed);
  RandomCommands commands(seed);
  for (std::size_t sequence = 0; sequence < sequences; ++sequence) {
    twins.begin();
    for (std::size_t step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      if (commands.one_in(4)) {
        twins.ask(all_at_once(commands, run_all));
      } else {
        twins.ask(commands.next());
      }
    }
    if (!::testing::Test::HasFailure()) twins.compare_content();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "sequence " << sequence;
  }
}

TEST(RedisTwin, ScriptsSayTheSame) {
  Twins twins(1);
  twins.begin();
  twins.ask({"HSET", "{s}a", "f", "1"});
  twins.ask({"HSET", "{s}b", "f", "12"});
  const auto run = [&twins](const std::string& body) {
    twins.ask({"EVAL", body, "3", "{s}a", "{s}b", "{s}c", "5", "x y", "-1.5"});
  };
  for (const std::string body : twin_scripts) run(body);
  for (const std::string argument : twin_arguments) {
    run("return redis.call('hset', KEYS[3], 'e', " + argument + ")");
    run("return redis.call('hget', KEYS[3], 'e')");
  }
  twins.compare_content();
}

TEST(RedisTwin, ScriptsAreLoadedForgottenAndRefusedAlike) {
  Twins twins(1);
  twins.begin();
  const std::string source = "return {KEYS[1], ARGV[1]}";
  const std::string hash = twins.ask_virtual({"SCRIPT", "LOAD", source}).text;
  twins.ask({"SCRIPT", "LOAD", source});
  twins.ask({"SCRIPT", "EXISTS", hash, "nonsense"});
  twins.ask({"EVALSHA", hash, "1", "{s}a", "b"});
  twins.ask({"EVALSHA", hash, "2", "{s}a"});
  twins.ask({"EVALSHA", hash, "-1", "{s}a"});
  twins.ask({"EVALSHA", hash, "x", "{s}a"});
  twins.ask({"EVALSHA", hash});
  twins.ask({"EVALSHA", "nonsense", "0"});
  twins.ask({"SCRIPT", "FLUSH"});
  twins.ask({"EVALSHA", hash, "1", "{s}a", "b"});
  twins.ask({"SCRIPT", "LOAD", "return ="});
  twins.ask({"SCRIPT", "LOAD", "#!lua"});
  twins.ask({"SCRIPT", "LOAD", "#!lux\nreturn 1"});
  twins.ask({"SCRIPT", "LOAD", "#!lua name=accept flags=allow-oom\nreturn 1"});
  twins.ask({"SCRIPT", "LOAD", "#!lua flags=allow-oom,nonsense\nreturn 1"});
  twins.ask({"SCRIPT", "LOAD", "#!lua flags=allow-oom,no-writes\nreturn 1"});
}

TEST(RedisTwin, OutOfMemoryRefusesTheSame) {
  Twins twins(1);
  twins.begin();
  twins.ask({"HSET", "{s}a", "f", "1"});
  twins.set_out_of_memory(true);
  twins.ask({"HSET", "{s}b", "f", "1"});
  twins.ask({"HINCRBY", "{s}a", "f", "1"});
  twins.ask({"HGET", "{s}a", "f"});
  const std::string set = "redis.call('hset', KEYS[1], 'f', 1)";
  const std::string pset = "redis.pcall('hset', KEYS[1], 'f', 1)";
  for (const std::string first_line :
       {"", "#!lua\n", "#!lua flags=allow-oom\n", "#!lua flags=no-writes\n"}) {
    for (const std::string& body :
         {"return " + set, "return " + pset, std::string("return redis.call('hget', KEYS[1], 'f')"),
          "redis.call('hdel', KEYS[2], 'f') return " + set}) {
      twins.ask({"EVAL", first_line + body, "2", "{s}c", "{s}d"});
    }
  }
  twins.ask({"HDEL", "{s}a", "f"});
  twins.set_out_of_memory(false);
  twins.ask({"HSET", "{s}b", "f", "1"});
  twins.compare_content();
}

}  // namespace
}  // namespace payswitch::lab
