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

}  // namespace

bool Pipeline::add(std::span<const std::string_view> words, Client::Done& done,
                   world::Instant now) {
  assert(!words.empty() && done);
  if (entries_.size() >= options_.max_outstanding) return false;
  if (output_.size() >= options_.max_unsent_bytes) return false;
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    texts.push_back(word.data() == nullptr ? "" : word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const int length = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                            texts.data(), lengths.data());
  assert(length > 0);
  const std::unique_ptr<char, FreeText> owner(formatted);
  entries_.push_back({std::move(done), now, taken_ + output_.size()});
  output_.append(formatted, static_cast<std::size_t>(length));
  return true;
}

std::string Pipeline::take_output() {
  taken_ += output_.size();
  return std::exchange(output_, {});
}

std::expected<void, std::string> Pipeline::feed(std::span<const char> bytes, world::Instant now) {
  reader_.feed(bytes);
  for (;;) {
    auto reply = reader_.next();
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (!*reply) return {};
    if (entries_.empty() || entries_.front().begin >= taken_) {
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
  const auto sent = std::exchange(taken_, 0);
  output_.clear();
  reader_ = ReplyReader(options_.max_reply_bytes);
  for (Entry& entry : failed) {
    const bool was_sent = entry.begin < sent;
    ++(was_sent ? counters_.maybe_ran : counters_.not_sent);
    entry.done(std::unexpected(was_sent ? Failure::maybe_ran : Failure::not_sent));
  }
}

std::optional<world::Instant> Pipeline::deadline() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().since + options_.command_timeout;
}

}  // namespace payswitch::redis
