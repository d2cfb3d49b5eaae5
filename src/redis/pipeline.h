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

  // False: it would go beyond max_outstanding or max_unsent_bytes; `done` is left alone.
  bool add(std::span<const std::string_view> words, Client::Done& done, platform::Instant now);

  // As add(), whatever the limits: for the hand-shake, whose length is fixed.
  void add_unlimited(std::span<const std::string_view> words, Client::Done done,
                     platform::Instant now);

  // What is to be written next; from here on it counts as sent. Empty: nothing.
  std::string take_output();

  // Bytes that came in. An error (garbled, or a reply that nobody asked for) ends the connection;
  // cut() is next.
  std::expected<void, std::string> feed(std::span<const char> bytes, platform::Instant now);

  // The connection is gone: everything outstanding fails, in order. Empty again afterwards.
  void cut();

  std::size_t outstanding() const { return entries_.size(); }

  // When the oldest command is overdue; nullopt: nothing is outstanding.
  std::optional<platform::Instant> deadline() const;

 private:
  struct Entry {
    Client::Done done;
    platform::Instant since;
  };

  void append(std::string_view bytes, Client::Done done, platform::Instant now);

  const Options& options_;
  Counters& counters_;
  ReplyReader reader_;
  std::deque<Entry> entries_;
  std::string output_;
  std::size_t unsent_ = 0;  // of the entries, the last ones: those whose bytes are in output_
};

}  // namespace payswitch::redis
