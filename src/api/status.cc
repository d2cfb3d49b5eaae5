#include "api/status.h"

#include <expected>

#include "api/payment_json.h"
#include "api/query.h"
#include "api/unavailable.h"
#include "http/problem.h"
#include "payment/duration.h"

namespace payswitch::api {

namespace {

using payment::State;

std::expected<std::chrono::milliseconds, http::Problem> read_wait(std::string_view query) {
  auto text = query_parameter(query, "wait");
  if (!text) return std::unexpected(std::move(text.error()));
  if (!*text) return std::chrono::milliseconds(0);
  const auto wait = payment::parse_duration(**text);
  if (!wait || *wait > Status::max_wait) {
    return std::unexpected(
        invalid_parameter("wait", "must be a time up to 60s, such as 2s or 500ms"));
  }
  return *wait;
}

}  // namespace

void Status::operator()(const http::Request& request, std::string_view text,
                        http::Responder respond) {
  const auto id = payment::CorrelationId::parse(text);
  if (!id)
    return answer_problem(std::move(respond), invalid_parameter("correlationId", "not a UUID"));
  const auto time = read_wait(request.query);
  if (!time) return answer_problem(std::move(respond), time.error());
  if (time->count() == 0) return answer(*id, std::move(respond));
  store_.find(*id, [this, id = *id, time = *time,
                    respond = std::move(respond)](const store::Store::Found& found) mutable {
    const bool is_open =
        found && *found && (*found)->state != State::settled && (*found)->state != State::parked;
    is_open && !waiting_is_over_ ? wait(id, time, std::move(respond))
                                 : answer(id, std::move(respond));
  });
}

void Status::wait(const payment::CorrelationId& id, std::chrono::milliseconds time,
                  http::Responder respond) {
  if (waiters_.size() >= max_waiters) {
    static constexpr http::Field later{"Retry-After", "1"};
    return answer_problem(std::move(respond),
                          {.status = 503,
                           .slug = "too-many-waiters",
                           .title = "Too many clients wait for payments",
                           .detail = {},
                           .field = "wait"},
                          {&later, 1});
  }
  const auto waiter = waiters_.emplace(id, std::make_shared<Waiter>(std::move(respond)));
  waiter->second->timer = timers_.after(time, [this, id, waiting = waiter->second.get()] {
    auto [at, end] = waiters_.equal_range(id);
    while (at->second.get() != waiting) ++at;
    auto respond = std::move(at->second->respond);
    waiters_.erase(at);
    answer(id, std::move(respond));
  });
}

void Status::stop_waiting() {
  waiting_is_over_ = true;
  while (!waiters_.empty()) ended(payment::CorrelationId(waiters_.begin()->first));
}

void Status::ended(const payment::CorrelationId& id) {
  if (waiters_.empty()) return;
  for (auto node = waiters_.extract(id); !node.empty(); node = waiters_.extract(id)) {
    timers_.cancel(node.mapped()->timer);
    answer(id, std::move(node.mapped()->respond));
  }
}

void Status::answer(const payment::CorrelationId& id, http::Responder respond) {
  store_.find(id, [this, respond = std::move(respond)](const store::Store::Found& found) mutable {
    if (!found) return answer_unavailable(std::move(respond), {});
    const auto& view = *found;
    if (!view) {
      return answer_problem(std::move(respond), {.status = 404,
                                                 .slug = "unknown-payment",
                                                 .title = "No payment has this correlationId",
                                                 .detail = {},
                                                 .field = {}});
    }
    respond({.body = to_json(*view, store_.names()), .fields = {}});
  });
}

}  // namespace payswitch::api
