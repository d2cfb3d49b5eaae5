#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "http/client.h"
#include "platform/loop.h"
#include "tools/load/outcome.h"

namespace payswitch::lab::load {

// Payments on their way to one server: each takes the next connection that is free, in the order in
// which they were handed in, and nothing is sent twice. Loop thread only; the client is its alone.
class Outbox {
 public:
  struct Result {
    Outcome outcome;
    platform::Instant handed_in;
    platform::Instant sent;  // the start of the write; when it was handed in, if there was none
    platform::Instant over;
  };
  // Called once, from the loop.
  using Done = std::move_only_function<void(const Result&)>;

  // `target` is where the payments are posted. The time-out counts from post().
  Outbox(http::Client& client, platform::Timers& timers, const platform::Clock& clock,
         std::string target, platform::Duration timeout);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Connects before the first payment wants it.
  void open(std::size_t connections) { client_.want(connections); }

  void post(std::string body, Done done);

  // Handed in and not over.
  std::size_t unanswered() const { return letters_.size(); }

 private:
  struct Letter {
    std::string body;
    Done done;
    platform::Instant handed_in;
    std::optional<platform::Instant> sent;
    std::optional<http::ConnectionId> connection;
    platform::TimerId timer = platform::TimerId::none;
  };

  void send_waiting();
  // The oldest that has no connection; none when all have one.
  std::optional<std::uint64_t> next_waiting();
  void send(std::uint64_t number, http::ConnectionId connection);
  void on_answer(std::uint64_t number,
                 const std::expected<http::IncomingResponse, http::Failure>& answer);
  void on_connect_failed();
  void on_timeout(std::uint64_t number);
  void finish(std::uint64_t number, const Outcome& outcome);

  http::Client& client_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  const std::string target_;
  const platform::Duration timeout_;
  boost::unordered_flat_map<std::uint64_t, Letter> letters_;
  std::deque<std::uint64_t> waiting_;  // some of them may be over already
  std::uint64_t next_number_ = 0;
};

}  // namespace payswitch::lab::load
