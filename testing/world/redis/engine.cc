#include "testing/world/redis/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

constexpr std::size_t longest_name = 24;
constexpr std::array<std::string_view, 5> not_in_scripts = {"evalsha", "eval", "script", "wait",
                                                            "config"};
constexpr std::string_view no_memory = "OOM command not allowed when used memory > 'maxmemory'.";

// In small letters, without an allocation.
struct SmallLetters {
  explicit SmallLetters(std::string_view name) : size(std::min(name.size(), longest_name)) {
    std::ranges::transform(name.substr(0, size), text.begin(), small_letter);
  }
  std::string_view view() const { return {text.data(), size}; }

  std::array<char, longest_name> text;
  std::size_t size;
};

}  // namespace

RedisEngine::RedisEngine(SeededRandom& random) : random_(random), scripts_(*this) {
  for (const auto room : {redis_key_commands(), redis_hash_commands(), redis_set_commands(),
                          redis_sorted_set_commands()}) {
    for (const RedisCommand& command : room) commands_.emplace(command.name, &command);
  }
}

Reply RedisEngine::run(std::span<const std::string_view> words, std::int64_t now_us) {
  assert(!words.empty());
  now_us_ = now_us;
  const SmallLetters name(words[0]);
  if (name.view() == "evalsha") return evalsha(words);
  if (name.view() == "eval") return eval(words);
  if (name.view() == "script") return script(words);
  const RedisCommand* command = find(words[0]);
  if (command == nullptr) beyond_the_virtual_redis(words);
  if (!command->takes(words.size())) return wrong_arity(command->name);
  if (is_out_of_memory_ && (command->flags & RedisCommand::may_grow) != 0) {
    return error_reply(no_memory);
  }
  return perform(*command, words);
}

const RedisCommand* RedisEngine::find(std::string_view name) const {
  const auto found = commands_.find(SmallLetters(name).view());
  return found == commands_.end() ? nullptr : found->second;
}

Reply RedisEngine::perform(const RedisCommand& command, std::span<const std::string_view> words) {
  RedisCall call{.keys = keys_, .words = words, .now_us = now_us_, .random = random_};
  Reply reply = command.run(call);
  if (!call.wrote) return reply;
  if (running_) running_->wrote = true;
  if (collects_) writes_.add(words);
  return reply;
}

void RedisEngine::repeat(const RedisWords& writes, Keyspace& keys) {
  std::vector<std::string_view> words;
  for (std::size_t offset = 0; offset < writes.end();) {
    offset = writes.read(offset, words);
    RedisCall call{.keys = keys, .words = words, .now_us = 0, .random = random_};
    [[maybe_unused]] const Reply reply = find(words[0])->run(call);
    assert(!reply.is_error() && call.wrote);
  }
}

// -- scripts ------------------------------------------------------------------------------

Reply RedisEngine::script(std::span<const std::string_view> words) {
  if (words.size() < 2) return wrong_arity("script");
  if (is_word(words[1], "load")) {
    if (words.size() != 3) return wrong_arity("script|load");
    const auto hash = scripts_.load(words[2]);
    return hash ? text_reply(*hash) : hash.error();
  }
  if (is_word(words[1], "exists")) {
    std::vector<Reply> known;
    for (const auto hash : words.subspan(2)) known.push_back(integer_reply(scripts_.knows(hash)));
    return array_reply(std::move(known));
  }
  if (!is_word(words[1], "flush")) beyond_the_virtual_redis(words);
  forget_scripts();
  return status_reply("OK");
}

Reply RedisEngine::evalsha(std::span<const std::string_view> words) {
  if (words.size() < 3) return wrong_arity("evalsha");
  std::string hash(words[1]);
  std::ranges::transform(hash, hash.begin(), small_letter);
  return run_script(hash, words);
}

Reply RedisEngine::eval(std::span<const std::string_view> words) {
  if (words.size() < 3) return wrong_arity("eval");
  const auto hash = scripts_.load(words[1]);
  return hash ? run_script(*hash, words) : hash.error();
}

Reply RedisEngine::run_script(std::string_view hash, std::span<const std::string_view> words) {
  const auto count = parse_redis_integer(words[2]);
  if (!count) return not_an_integer();
  if (*count > static_cast<std::int64_t>(words.size()) - 3) {
    return error_reply("ERR Number of keys can't be greater than number of args");
  }
  if (*count < 0) return error_reply("ERR Number of keys can't be negative");
  if (!scripts_.knows(hash)) {
    return error_reply("NOSCRIPT No matching script. Please use EVAL.");
  }
  const unsigned flags = scripts_.flags(hash);
  const bool needs_memory = (flags & RedisScripts::has_shebang) != 0 &&
                            (flags & (RedisScripts::allow_oom | RedisScripts::no_writes)) == 0;
  if (is_out_of_memory_ && needs_memory) return error_reply(no_memory);
  const auto keys = words.subspan(3, static_cast<std::size_t>(*count));
  running_ = Running{.keys = keys, .flags = flags};
  auto outcome = scripts_.run(hash, keys, words.subspan(3 + keys.size()));
  failed_halfway_ += outcome.is_raised && running_->wrote;
  running_.reset();
  return std::move(outcome.reply);
}

Reply RedisEngine::call(std::span<const std::string_view> words) {
  Running& script = *running_;
  const RedisCommand* command = find(words[0]);
  if (command == nullptr) {
    if (std::ranges::find(not_in_scripts, SmallLetters(words[0]).view()) != not_in_scripts.end()) {
      return error_reply("ERR This Redis command is not allowed from script");
    }
    beyond_the_virtual_redis(words);
  }
  if (!command->takes(words.size())) {
    return error_reply("ERR Wrong number of args calling Redis command from script");
  }
  const bool writes = (command->flags & RedisCommand::writes) != 0;
  if (writes && (script.flags & RedisScripts::no_writes) != 0) {
    return error_reply("ERR Write commands are not allowed from read-only scripts.");
  }
  // A script that has written already is not stopped in the middle.
  const bool is_refused = is_out_of_memory_ && (command->flags & RedisCommand::may_grow) != 0 &&
                          (script.flags & RedisScripts::allow_oom) == 0 &&
                          !script.has_called_a_write;
  if (is_refused) return error_reply(no_memory);
  if (!undeclared_keys_are_allowed_) check_keys(*command, words);
  script.has_called_a_write |= writes;
  return perform(*command, words);
}

void RedisEngine::check_keys(const RedisCommand& command,
                             std::span<const std::string_view> words) const {
  if (command.keys == RedisCommand::Keys::none) return;
  const std::size_t last = command.keys == RedisCommand::Keys::first ? 1 : words.size() - 1;
  for (const std::string_view key : words.subspan(1, last)) {
    const bool is_declared = std::ranges::find(running_->keys, key) != running_->keys.end();
    if (!is_declared) {
      beyond_the_virtual_redis(fmt::format("{} of a key that is not in KEYS: {}", words[0], key));
    }
  }
}

}  // namespace payswitch::lab
