#include "tools/load/outbox.h"

#include <cassert>
#include <utility>

namespace payswitch::lab::load {
namespace {

Trouble trouble_of(http::Failure failure) {
  switch (failure) {
    case http::Failure::not_sent:
    case http::Failure::cut:
      return Trouble::cut;
    case http::Failure::garbled:
      return Trouble::garbled;
    case http::Failure::hung_up:
      return Trouble::timed_out;
  }
  assert(false);
  return Trouble::cut;
}

}  // namespace

Outbox::Outbox(http::Client& client, platform::Timers& timers, const platform::Clock& clock,
               std::string target, platform::Duration timeout)
    : client_(client),
      timers_(timers),
      clock_(clock),
      target_(std::move(target)),
      timeout_(timeout) {
  client_.listen({.idle = [this] { send_waiting(); },
                  .connect_failed = [this](http::ConnectFailure) { on_connect_failed(); }});
}

void Outbox::post(std::string body, Done done) {
  const std::uint64_t number = next_number_++;
  Letter letter{.body = std::move(body),
                .done = std::move(done),
                .handed_in = clock_.now(),
                .sent = {},
                .connection = {}};
  letter.timer = timers_.after(timeout_, [this, number] { on_timeout(number); });
  letters_.emplace(number, std::move(letter));
  waiting_.push_back(number);
  send_waiting();
}

void Outbox::send_waiting() {
  while (const auto number = next_waiting()) {
    const auto connection = client_.take();
    if (!connection) return client_.want(waiting_.size());
    waiting_.pop_front();
    send(*number, *connection);
  }
}

std::optional<std::uint64_t> Outbox::next_waiting() {
  while (!waiting_.empty() && !letters_.contains(waiting_.front())) waiting_.pop_front();
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.front());
}

void Outbox::send(std::uint64_t number, http::ConnectionId connection) {
  Letter& letter = letters_.at(number);
  letter.connection = connection;
  letter.sent = clock_.now();
  client_.send(connection,
               {.method = http::Method::post,
                .target = target_,
                .content_type = "application/json",
                .body = letter.body},
               [this, number](std::expected<http::IncomingResponse, http::Failure> answer) {
                 on_answer(number, answer);
               });
}

void Outbox::on_answer(std::uint64_t number,
                       const std::expected<http::IncomingResponse, http::Failure>& answer) {
  const auto at = letters_.find(number);
  if (at == letters_.end()) return;  // timed out before
  if (answer) return finish(number, answer->status);
  if (answer.error() != http::Failure::not_sent)
    return finish(number, std::unexpected(trouble_of(answer.error())));
  // The connection had died while idle and nothing has left: the next one is as good.
  at->second.connection.reset();
  waiting_.push_front(number);
  send_waiting();
}

void Outbox::on_connect_failed() {
  if (const auto number = next_waiting()) {
    waiting_.pop_front();
    finish(*number, std::unexpected(Trouble::connect));
  }
  send_waiting();
}

void Outbox::on_timeout(std::uint64_t number) {
  Letter& letter = letters_.at(number);
  letter.timer = platform::TimerId::none;
  if (letter.connection) client_.hang_up(*letter.connection);
  finish(number, std::unexpected(Trouble::timed_out));
}

void Outbox::finish(std::uint64_t number, const Outcome& outcome) {
  const auto at = letters_.find(number);
  Letter letter = std::move(at->second);
  letters_.erase(at);
  timers_.cancel(letter.timer);
  letter.done({.outcome = outcome,
               .handed_in = letter.handed_in,
               .sent = letter.sent.value_or(letter.handed_in),
               .over = clock_.now()});
}

}  // namespace payswitch::lab::load
