#include "api/status.h"

#include <expected>

#include "api/payment_json.h"
#include "api/query.h"
#include "api/unavailable.h"
#include "http/problem.h"
#include "text/duration.h"

namespace payswitch::api {

namespace {

using payment::State;

std::expected<std::chrono::milliseconds, http::Problem> read_wait(std::string_view query) {
  auto text = query_parameter(query, "wait");
  if (!text) return std::unexpected(std::move(text.error()));
  if (!*text) return std::chrono::milliseconds(0);
  const auto wait = text::parse_duration(**text);
  if (!wait || *wait > Status::max_wait) {
    return std::unexpected(
        invalid_parameter("wait", "must be a duration of at most 60s, such as 2s or 500ms"));
  }
  return *wait;
}

void answer_too_many(http::Responder respond) {
  static constexpr http::Field later{"Retry-After", "1"};
  respond_with_problem(std::move(respond),
                       {.status = 503,
                        .slug = "too-many-waiters",
                        .title = "Too many clients are waiting",
                        .detail = {},
                        .field = "wait"},
                       {&later, 1});
}

}  // namespace

void Status::operator()(const http::Request& request, std::string_view text,
                        http::Responder respond) {
  const auto id = payment::CorrelationId::parse(text);
  if (!id)
    return respond_with_problem(std::move(respond),
                                invalid_parameter("correlationId", "must be a UUID"));
  const auto time = read_wait(request.query);
  if (!time) return respond_with_problem(std::move(respond), time.error());
  if (time->count() == 0) return answer(*id, std::move(respond));
  store_.find_durable(*id, [this, id = *id, time = *time, respond = std::move(respond)](
                               const store::Store::Found& found) mutable {
    const bool is_open =
        found && *found && (*found)->state != State::settled && (*found)->state != State::parked;
    is_open && !waiting_is_over_ ? wait(id, time, std::move(respond))
                                 : answer_with(found, std::move(respond));
  });
}

void Status::wait(const payment::CorrelationId& id, std::chrono::milliseconds time,
                  http::Responder respond) {
  if (!waiters_.has_room_for(id)) return answer_too_many(std::move(respond));
  const auto number = ++last_waiter_;
  const auto end = [this, id, number] { end_wait(id, number); };
  if (!respond.when_client_ends(end)) return answer_durably(id, std::move(respond));
  waiters_.add(
      id, {.number = number, .respond = std::move(respond), .timer = timers_.after(time, end)});
}

void Status::end_wait(const payment::CorrelationId& id, std::uint64_t number) {
  auto waiter = waiters_.take(id, number);
  if (!waiter) return;
  timers_.cancel(waiter->timer);
  answer_durably(id, std::move(waiter->respond));
}

void Status::stop_waiting() {
  waiting_is_over_ = true;
  while (!waiters_.empty()) ended(waiters_.any());
}

void Status::ended(const payment::CorrelationId& id) {
  if (waiters_.empty()) return;
  for (auto& waiter : waiters_.take_all(id)) {
    timers_.cancel(waiter.timer);
    answer_durably(id, std::move(waiter.respond));
  }
}

void Status::answer(const payment::CorrelationId& id, http::Responder respond) {
  store_.find(id, [this, respond = std::move(respond)](const store::Store::Found& found) mutable {
    answer_with(found, std::move(respond));
  });
}

void Status::answer_durably(const payment::CorrelationId& id, http::Responder respond) {
  store_.find_durable(
      id, [this, respond = std::move(respond)](const store::Store::Found& found) mutable {
        answer_with(found, std::move(respond));
      });
}

void Status::answer_with(const store::Store::Found& found, http::Responder respond) const {
  if (!found) return answer_unavailable(std::move(respond), {});
  const auto& view = *found;
  if (!view) {
    return respond_with_problem(std::move(respond), {.status = 404,
                                                     .slug = "unknown-payment",
                                                     .title = "No payment has this correlationId",
                                                     .detail = {},
                                                     .field = {}});
  }
  respond({.body = to_json(*view, store_.names()), .fields = {}});
}

}  // namespace payswitch::api
