#include "redis/pipeline.h"

#include <hiredis/hiredis.h>

#include <cassert>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace payswitch::redis {

namespace {

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

struct Formatted {
  std::unique_ptr<char, FreeText> owner;
  std::string_view bytes;
};

Formatted format(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    texts.push_back(word.data() == nullptr ? "" : word.data());
    lengths.push_back(word.size());
  }
  char* text = nullptr;
  const int length =
      redisFormatCommandArgv(&text, static_cast<int>(words.size()), texts.data(), lengths.data());
  assert(length > 0);
  return {std::unique_ptr<char, FreeText>(text), {text, static_cast<std::size_t>(length)}};
}

}  // namespace

bool Pipeline::add(std::span<const std::string_view> words, Client::Done& done,
                   platform::Instant now) {
  if (entries_.size() >= options_.max_outstanding) return false;
  const Formatted command = format(words);
  if (output_.size() + command.bytes.size() > options_.max_unsent_bytes) return false;
  append(command.bytes, std::move(done), now);
  return true;
}

void Pipeline::add_unlimited(std::span<const std::string_view> words, Client::Done done,
                             platform::Instant now) {
  append(format(words).bytes, std::move(done), now);
}

void Pipeline::append(std::string_view bytes, Client::Done done, platform::Instant now) {
  assert(done);
  entries_.push_back({std::move(done), now});
  ++unsent_;
  output_ += bytes;
}

std::string Pipeline::take_output() {
  counters_.commands += std::exchange(unsent_, 0);
  return std::exchange(output_, {});
}

std::expected<void, std::string> Pipeline::feed(std::span<const char> bytes,
                                                platform::Instant now) {
  reader_.feed(bytes);
  for (;;) {
    auto reply = reader_.next();
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (!*reply) return {};
    if (entries_.size() == unsent_) {
      return std::unexpected("a reply that nobody asked for");
    }
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    ++counters_.replies;
    counters_.answer.record(now - entry.since);
    entry.done(std::move(**reply));
  }
}

void Pipeline::cut() {
  auto failed = std::exchange(entries_, {});
  std::size_t sent = failed.size() - std::exchange(unsent_, 0);
  output_ = {};
  reader_ = ReplyReader(options_.max_reply_bytes);
  for (Entry& entry : failed) {
    const bool was_sent = sent > 0;
    sent -= was_sent;
    ++(was_sent ? counters_.maybe_ran : counters_.not_sent);
    entry.done(std::unexpected(was_sent ? Failure::maybe_ran : Failure::not_sent));
  }
}

std::optional<platform::Instant> Pipeline::deadline() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().since + options_.command_timeout;
}

}  // namespace payswitch::redis
