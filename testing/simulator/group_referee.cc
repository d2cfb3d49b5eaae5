#include "testing/simulator/group_referee.h"

#include <utility>

#include "testing/simulator/told.h"

namespace payswitch::lab::simulator {

namespace {

using payment::State;

constexpr const auto& names = processor_names;

}  // namespace

void GroupReferee::accuse(std::string what) {
  trace_.say("VIOLATION: {}", what);
  if (!violation_) violation_ = std::move(what);
}

void GroupReferee::keep_amount(std::uint32_t n, payment::Money amount, std::string_view where) {
  std::optional<payment::Money>& kept = cases_[n].kept;
  if (kept && *kept != amount && !is_bounded_) {
    accuse(fmt::format("payment {}: {} was kept, {} is {}", n, kept->to_string(),
                       amount.to_string(), where));
  }
  kept = amount;
}

// -- clients --------------------------------------------------------------------------------------

void GroupReferee::sent(std::uint32_t n, payment::Money) {
  if (n >= cases_.size()) cases_.resize(n + 1);
  if (!cases_[n].first_sent) cases_[n].first_sent = world_.now();
}

void GroupReferee::answered_client(std::uint32_t n, payment::Money amount,
                                   const Received& received) {
  if (received.status == 422 || received.status == 503) return;
  if (received.status != 202) return accuse(fmt::format("payment {}: {}", n, received.status));
  promises_ += !cases_[n].promised;
  if (!cases_[n].promised) cases_[n].promised = world_.now();
  keep_amount(n, amount, "answered 202");
}

void GroupReferee::saw_status(std::uint32_t n, const Asked& asked, const Received& received) {
  if (received.status == 503 && !is_equality_due_) return;
  Case& payment = cases_[n];
  if (received.status == 404) {
    if (payment.promised && *payment.promised < asked.at && !is_bounded_) {
      accuse(fmt::format("payment {}: promised, and forgotten", n));
    }
    return;
  }
  const auto state = state_of(field(received.body, "state"));
  const auto amount = payment::Money::parse(field(received.body, "amount"));
  if (received.status != 200 || !state || !amount) {
    return accuse(fmt::format("status of {}: {} {}", n, received.status, received.body));
  }
  keep_amount(n, *amount, "shown");
  payment.is_parked = *state == State::parked;
  if (*state == State::settled && !payment.booked_at) {
    accuse(fmt::format("payment {}: settled, and in no processor's books", n));
  }
  if (*state == State::settled && !is_bounded_ &&
      names[*payment.booked_at] != field(received.body, "processor")) {
    accuse(fmt::format("payment {}: settled elsewhere than it is booked: {}", n, received.body));
  }
  if (is_equality_due_ && !is_bounded_ && payment.booked_at && *state != State::settled) {
    accuse(fmt::format("payment {}: booked, and {}", n, to_string(*state)));
  }
}

void GroupReferee::saw_summary(const books::Window& window, const Asked& asked,
                               const Received& received) {
  if (received.status == 503 && !is_equality_due_) return;
  if (received.status != 200) return accuse(fmt::format("summary: {}", received.status));
  final_sums_ += received.final_until.has_value();
  if (!may_forget_) {
    const auto fault = told_sums_.tell(
        {.window = window, .final_until = received.final_until, .sums = sums_of(received.body)},
        asked.at, world_.now());
    if (fault) accuse(*fault);
  }
  for (std::size_t at = 0; at < names.size(); ++at) {
    Sum theirs;
    for (const Booking& booking : bookings_[at]) {
      if (booking.requested_at < window.from || booking.requested_at > window.to) continue;
      ++theirs.count;
      theirs.cents += booking.cents;
    }
    const Sum ours = sum_of(received.body, names[at]);
    const bool fits = is_equality_due_ && !is_bounded_
                          ? ours == theirs
                          : ours.count <= theirs.count && ours.cents <= theirs.cents;
    if (fits) continue;
    accuse(fmt::format("summary {} to {} at {}: {} payments, {} cents; the processor has {}, {}",
                       window.from.value, window.to.value, names[at], ours.count, ours.cents,
                       theirs.count, theirs.cents));
  }
}

void GroupReferee::expect_everything_charged() {
  if (is_bounded_) return;
  for (std::uint32_t n = 0; n < cases_.size(); ++n) {
    const Case& payment = cases_[n];
    if (payment.promised && !payment.booked_at && !payment.is_parked) {
      accuse(fmt::format("payment {}: promised, and never charged", n));
    }
  }
}

// -- processors -----------------------------------------------------------------------------------

// A payment leaves a processor, and takes a new requestedAt, only when every request sent to it was
// refused (PROTOCOL 3.3), or after max_processing_time (3.2).
void GroupReferee::posted(std::size_t processor, const Posting& posting) {
  const auto n = number_of(posting.id);
  trace_.say("{}: POST {} {} requestedAt {}", names[processor], n, posting.amount.to_string(),
             posting.requested_at.value);
  if (n >= cases_.size()) return accuse(fmt::format("payment {}: no client sent it", n));
  keep_amount(n, posting.amount, "sent on");
  std::optional<Leg>& leg = cases_[n].leg;
  const bool is_same =
      leg && leg->processor == processor && leg->requested_at == posting.requested_at;
  if (is_same) {
    ++leg->posts;
    leg->last_post = posting.at;
    return;
  }
  const bool is_released =
      leg && max_processing_time_ && leg->last_denied_get - leg->last_post >= *max_processing_time_;
  if (leg && leg->refusals < leg->posts && !is_released && !is_bounded_) {
    accuse(fmt::format("payment {}: sent to {} as of {} while {} may have it as of {}", n,
                       names[processor], posting.requested_at.value, names[leg->processor],
                       leg->requested_at.value));
  }
  const auto sent = *cases_[n].first_sent;
  const auto issued_after =
      leg ? std::max(sent, is_released ? leg->last_post : leg->last_refusal) : sent;
  if (const auto fault = told_sums_.issue(posting.requested_at, issued_after)) {
    accuse(fmt::format("payment {}: {}", n, *fault));
  }
  leg = Leg{.processor = processor,
            .requested_at = posting.requested_at,
            .posts = 1,
            .last_post = posting.at};
}

void GroupReferee::booked(std::size_t processor, const Posting& posting) {
  const auto n = number_of(posting.id);
  trace_.say("{}: books {}", names[processor], n);
  Case& payment = cases_[n];
  if (payment.booked_at && !is_bounded_) {
    accuse(fmt::format("payment {}: charged at {}, and again at {}", n, names[*payment.booked_at],
                       names[processor]));
  }
  payment.booked_at = processor;
  payment.booked_requested_at = posting.requested_at;
  bookings_[processor].push_back({posting.requested_at, posting.amount.cents()});
  booked_times_.push_back(posting.requested_at);
}

void GroupReferee::answered(std::size_t processor, const Posting& posting, Reading reading) {
  std::optional<Leg>& leg = cases_[number_of(posting.id)].leg;
  if (reading != Reading::refused || !leg || leg->processor != processor) return;
  if (leg->requested_at != posting.requested_at) return;
  ++leg->refusals;
  leg->last_refusal = world_.now();
}

void GroupReferee::denied(std::size_t processor, const payment::CorrelationId& id,
                          platform::Instant at) {
  std::optional<Leg>& leg = cases_[number_of(id)].leg;
  if (!leg || leg->processor != processor) return;
  leg->last_denied_get = std::max(leg->last_denied_get, at);
}

}  // namespace payswitch::lab::simulator
