#pragma once

#include <expected>
#include <functional>
#include <optional>

#include "http/client.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/outcome.h"
#include "payment/time.h"
#include "platform/clock.h"
#include "platform/loop.h"
#include "processor/dialect.h"
#include "processor/options.h"
#include "processor/wire.h"

namespace payswitch::processor {

// What happened to a POST. `late` comes at most once, `answered` exactly once, and last.
struct PostEvent {
  enum class Kind : std::uint8_t {
    late,      // attempt_timeout has passed; the connection is still read (PROTOCOL 2.4)
    answered,  // answered, cut, or hung up: nothing will come any more
  };
  Kind kind = Kind::answered;
  payment::Outcome outcome = payment::Outcome::unknown;  // of `answered`
  bool was_late = false;                                 // of `answered`
  platform::Duration took{0};                            // since the write was started
};

// One processor's wire: single exchanges, each with its deadlines. Decides nothing about payments.
// Loop thread only. Callbacks run later, from the loop, never within the call.
class Channel {
 public:
  using PostDone = std::move_only_function<void(const PostEvent&)>;
  using AskDone = std::move_only_function<void(const std::expected<BookEntry, NoEntry>&)>;
  using HealthDone = std::move_only_function<void(const std::optional<HealthReport>&)>;

  Channel(const Options& options, const Dialect& dialect, http::Client& client,
          platform::Timers& timers, const platform::Clock& clock);
  ~Channel();

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // One POST on a connection that was taken. At attempt_timeout the event `late`; at hang_up the
  // connection is closed and the outcome is unknown.
  void post(http::ConnectionId connection, const payment::CorrelationId& id, payment::Money amount,
            payment::UtcMs requested_at, PostDone done);

  // One GET of a payment; given up at attempt_timeout, since nothing depends on its late response.
  void ask(http::ConnectionId connection, const payment::CorrelationId& id, AskDone done);

  void poll_health(http::ConnectionId connection, HealthDone done);

  // Exchanges whose response is outstanding, late ones included.
  std::uint32_t posts_outstanding() const { return posts_; }
  std::uint32_t outstanding() const { return posts_ + gets_; }

 private:
  struct Post;

  void get(http::ConnectionId connection, std::string_view target, http::Client::Done done);

  const Options& options_;
  const Dialect& dialect_;
  http::Client& client_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  std::string target_;  // reused, as is body_
  std::string body_;
  std::uint32_t posts_ = 0;
  std::uint32_t gets_ = 0;
};

}  // namespace payswitch::processor
