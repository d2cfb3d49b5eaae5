#include "processor/channel.h"

#include <memory>
#include <utility>

namespace payswitch::processor {

// Shared between the response's callback and the deadline's.
struct Channel::Post {
  PostDone done;
  platform::Instant started;
  platform::TimerId deadline = platform::TimerId::none;
  bool late = false;
};

Channel::Channel(const Options& options, const Dialect& dialect, http::Client& client,
                 platform::Timers& timers, const platform::Clock& clock)
    : options_(options), dialect_(dialect), client_(client), timers_(timers), clock_(clock) {}

Channel::~Channel() = default;

void Channel::post(http::ConnectionId connection, const payment::CorrelationId& id,
                   payment::Money amount, payment::UtcMs requested_at, PostDone done) {
  ++posts_;
  auto post = std::make_shared<Post>(std::move(done), clock_.now());
  post->deadline = timers_.after(options_.attempt_timeout, [this, connection, post] {
    post->late = true;
    client_.retire(connection);
    post->deadline = timers_.after(options_.hang_up - options_.attempt_timeout,
                                   [this, connection] { client_.hang_up(connection); });
    post->done({.kind = PostEvent::Kind::late,
                .outcome = payment::Outcome::unknown,
                .was_late = true,
                .took = clock_.now() - post->started});
  });
  target_ = options_.base_path;
  target_ += "/payments";
  write_payment_body(body_, id, amount, requested_at);
  client_.send(connection,
               {.method = http::Method::post,
                .target = target_,
                .content_type = "application/json",
                .body = body_},
               [this, post](std::expected<http::IncomingResponse, http::Failure> response) {
                 --posts_;
                 timers_.cancel(post->deadline);
                 post->done({.kind = PostEvent::Kind::answered,
                             .outcome = read_response(dialect_, response),
                             .was_late = post->late,
                             .took = clock_.now() - post->started});
               });
}

void Channel::ask(http::ConnectionId connection, const payment::CorrelationId& id, AskDone done) {
  get(connection, "/payments/" + id.to_string(),
      [id, done = std::move(done)](
          std::expected<http::IncomingResponse, http::Failure> response) mutable {
        done(read_entry(id, response));
      });
}

void Channel::poll_health(http::ConnectionId connection, HealthDone done) {
  get(connection, "/payments/service-health",
      [done =
           std::move(done)](std::expected<http::IncomingResponse, http::Failure> response) mutable {
        done(read_health(response));
      });
}

void Channel::get(http::ConnectionId connection, std::string_view target, http::Client::Done done) {
  ++gets_;
  const auto deadline =
      timers_.after(options_.attempt_timeout, [this, connection] { client_.hang_up(connection); });
  target_ = options_.base_path;
  target_ += target;
  client_.send(connection,
               {.method = http::Method::get, .target = target_, .content_type = {}, .body = {}},
               [this, deadline, done = std::move(done)](
                   std::expected<http::IncomingResponse, http::Failure> response) mutable {
                 --gets_;
                 timers_.cancel(deadline);
                 done(std::move(response));
               });
}

}  // namespace payswitch::processor
