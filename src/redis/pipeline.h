#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "redis/client.h"
#include "redis/counters.h"
#include "redis/options.h"
#include "redis/reply.h"

namespace payswitch::redis {

// The commands of one connection: gathered, written, answered in order. Pure: bytes go out and come
// in, time is an argument. Completions are called by feed() and cut(), and may add commands.
class Pipeline {
 public:
  Pipeline(const Options& options, Counters& counters)
      : options_(options), counters_(counters), reader_(options.max_reply_bytes) {}

  // False: beyond max_outstanding or max_unsent_bytes; `done` is left alone.
  bool add(std::span<const std::string_view> words, Client::Done& done, world::Instant now);

  // What is to be written next; from here on it counts as sent. Empty: nothing.
  std::string take_output();

  // Bytes that came in. An error (garbled, or a reply that nobody asked for) ends the connection;
  // cut() is next.
  std::expected<void, std::string> feed(std::span<const char> bytes, world::Instant now);

  // The connection is gone: everything outstanding fails, in order. Empty again afterwards.
  void cut();

  std::size_t outstanding() const { return entries_.size(); }

  // When the oldest command is overdue; nullopt: nothing is outstanding.
  std::optional<world::Instant> deadline() const;

 private:
  struct Entry {
    Client::Done done;
    world::Instant since;
    std::uint64_t begin;  // of its bytes, counted from the first of all
  };

  const Options& options_;
  Counters& counters_;
  ReplyReader reader_;
  std::deque<Entry> entries_;
  std::string output_;
  std::uint64_t taken_ = 0;  // bytes that were handed out to be written
};

}  // namespace payswitch::redis
