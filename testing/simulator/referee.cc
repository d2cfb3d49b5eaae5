#include "testing/simulator/referee.h"

#include <algorithm>
#include <utility>

#include "testing/simulator/told.h"

namespace payswitch::lab::simulator {

namespace {

using payment::State;
using payment::UtcMs;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Around the moment of a hang-up it cannot be seen from outside whether an answer was read.
constexpr auto doubt = milliseconds(2);

// From an answer's leaving to its being counted.
constexpr auto reading_time = milliseconds(1);

// What is told is kept this much ahead (PROTOCOL 6).
constexpr auto kept_ahead = milliseconds(999);

// From the issue of a requestedAt to the arrival of its request, on a disk that is not slow.
constexpr auto sending_time = milliseconds(100);

constexpr const auto& names = processor_names;

}  // namespace

Referee::Referee(const World& world, const FaultPlan& plan, const Trace& trace)
    : world_(world), plan_(plan), trace_(trace), highest_wall_(world.wall()) {}

void Referee::accuse(std::string what) {
  trace_.say("VIOLATION: {}", what);
  if (!violation_) violation_ = std::move(what);
}

// -- the process and its clock --------------------------------------------------------------------

void Referee::started(std::uint32_t max_in_flight) {
  ++life_;
  max_in_flight_ = max_in_flight;
  life_began_ = world_.now();
  wall_at_life_ = world_.wall();
  highest_wall_ = std::max(highest_wall_, world_.wall());
  if (life_ > 1) ahead_at_life_ = {highest_wall_.value + kept_ahead.count() + 1};
  told_sums_.forget_sums();
  for (auto& posts : outstanding_) posts.clear();
}

// Where payments can be released it cannot be seen from outside when one is.
std::optional<std::size_t> Referee::surely_unanswered_at() const {
  if (plan_.settings.max_processing_time) return std::nullopt;
  for (const Case& payment : cases_) {
    const bool is_open =
        payment.life_told == 0 && !payment.was_vouched_for && payment.attempt.is_outstanding;
    if (is_open && payment.attempt.processor) return payment.attempt.processor;
  }
  return std::nullopt;
}

void Referee::wall_jumps() {
  highest_wall_ = std::max(highest_wall_, world_.wall());
  last_jump_ = world_.now();
}

void Referee::copied() {
  for (Case& payment : cases_) payment.is_in_the_copy = payment.is_promised;
}

void Referee::restored() {
  // What was told after the copy was taken is not kept in it.
  told_sums_ = {};
  told_.clear();
  for (Case& payment : cases_) {
    payment.attempt = {};
    payment.end_promised.reset();
    payment.was_booked_before_the_restore = payment.booked_at.has_value();
    if (payment.is_in_the_copy) continue;
    payment.is_promised = payment.is_parked = false;
    payment.kept.reset();
  }
}

std::vector<std::uint32_t> Referee::not_in_the_copy() const {
  std::vector<std::uint32_t> these;
  for (std::uint32_t n = 0; n < cases_.size(); ++n) {
    if (!cases_[n].amounts.empty() && !cases_[n].is_in_the_copy) these.push_back(n);
  }
  return these;
}

// -- clients --------------------------------------------------------------------------------------

void Referee::sent(std::uint32_t n, payment::Money amount) {
  if (n >= cases_.size()) cases_.resize(n + 1);
  Case& payment = cases_[n];
  if (payment.amounts.empty()) {
    payment.life_sent = life_;
    payment.first_sent = world_.now();
  }
  payment.amounts.push_back(amount);
}

void Referee::keep_amount(std::uint32_t n, payment::Money amount, std::string_view where) {
  Case& payment = cases_[n];
  if (payment.kept && *payment.kept != amount) {
    accuse(fmt::format("payment {}: {} with amount {}, but {} was kept", n, where,
                       amount.to_string(), payment.kept->to_string()));
  }
  if (std::ranges::find(payment.amounts, amount) == payment.amounts.end()) {
    accuse(fmt::format("payment {}: {} with amount {}, which no client sent", n, where,
                       amount.to_string()));
  }
  payment.kept = amount;
}

void Referee::answered_client(std::uint32_t n, payment::Money amount, const Received& received) {
  Case& payment = cases_[n];
  switch (received.status) {
    case 202:
      keep_amount(n, amount, "answered 202");
      if (payment.is_promised && !received.replayed) {
        accuse(fmt::format("payment {}: accepted a second time", n));
      }
      if (!std::exchange(payment.is_promised, true)) ++promises_;
      return;
    case 422:
      if (payment.kept == amount) {
        accuse(fmt::format("payment {}: 422 for the amount that was kept", n));
      }
      return;
    case 503:
      // A switch that stops takes nothing new.
      if (plan_.limits_are_small || plan_.disk_fills_up || plan_.descriptors_run_out ||
          plan_.stops_cleanly) {
        return;
      }
      [[fallthrough]];
    default:
      accuse(fmt::format("payment {}: answered {} {}", n, received.status, received.body));
  }
}

void Referee::saw_status(std::uint32_t n, const Asked& asked, const Received& received) {
  Case& payment = cases_[n];
  if (received.status == 404) {
    if (payment.is_promised) accuse(fmt::format("payment {}: promised, and forgotten", n));
    return;
  }
  if (received.status != 200) return accuse(fmt::format("status of {}: {}", n, received.status));
  const std::string_view body = received.body;
  const auto amount = payment::Money::parse(field(body, "amount"));
  const auto state = state_of(field(body, "state"));
  if (!amount || !state) return accuse(fmt::format("status of {}: {}", n, body));
  keep_amount(n, *amount, "shown");
  check_state(n, asked, *state, body);
}

void Referee::check_state(std::uint32_t n, const Asked& asked, State state, std::string_view body) {
  Case& payment = cases_[n];
  if (payment.is_parked && state != State::parked &&
      !plan_.profiles[std::size_t(FaultProfile::faulting)]) {
    accuse(fmt::format("payment {}: parked, and now {}", n, to_string(state)));
  }
  payment.is_parked = state == State::parked;
  if (payment.is_parked && !plan_.profiles[static_cast<std::size_t>(FaultProfile::faulting)]) {
    accuse(fmt::format("payment {}: parked, though no processor said that it is our fault", n));
  }
  if (state != State::settled) {
    if (payment.end_promised && *payment.end_promised < asked.at) {
      accuse(
          fmt::format("payment {}: a client that waited was told that it is settled, it is {} now",
                      n, to_string(state)));
    }
    if (payment.life_seen_settled == life_) {
      accuse(fmt::format("payment {}: was settled, and is {} now", n, to_string(state)));
    }
    if (must_count(payment, world_.now())) {
      accuse(fmt::format("payment {}: the processor has said that it has it, it is {}", n,
                         to_string(state)));
    }
    return;
  }
  payment.life_seen_settled = life_;
  if (asked.waits && !payment.end_promised) payment.end_promised = world_.now();
  const auto at = payment.booked_at;
  if (!at || field(body, "processor") != names[*at] ||
      field(body, "requestedAt") != payment::format_iso8601(payment.booked_requested_at)) {
    accuse(fmt::format("payment {}: settled otherwise than it is booked: {}", n, body));
  }
}

void Referee::saw_summary(const books::Window& window, const Asked& asked,
                          const Received& received) {
  if (received.status != 200) return accuse(fmt::format("summary: {}", received.status));
  const ToldSums::Told told{
      .window = window, .final_until = received.final_until, .sums = sums_of(received.body)};
  if (received.final_until != std::min(window.to, asked.wall)) {
    accuse("summary: of one switch, all that it tells is final");
  }
  if (const auto fault = told_sums_.tell(told, asked.at, world_.now())) accuse(*fault);
  ++summaries_;
  const UtcMs final = std::min(window.to, asked.wall);
  if (told_.empty() || told_.back().final < final) told_.push_back({world_.now(), final});
  for (std::size_t at = 0; at < names.size(); ++at) {
    Sum theirs;
    Sum least;
    for (const Booking& booking : bookings_[at]) {
      if (booking.requested_at < window.from || booking.requested_at > window.to) continue;
      ++theirs.count;
      theirs.cents += booking.cents;
      if (!must_count(cases_[booking.n], asked.at)) continue;
      ++least.count;
      least.cents += booking.cents;
    }
    const Sum& ours = told.sums[at];
    if (is_equality_due_) least = theirs;
    const bool fits = least.count <= ours.count && ours.count <= theirs.count &&
                      least.cents <= ours.cents && ours.cents <= theirs.cents &&
                      (ours.count != theirs.count || ours.cents == theirs.cents);
    if (fits) continue;
    accuse(
        fmt::format("summary {} to {} at {}: {} payments, {} cents; the processor has {}, {}, "
                    "and we were told of {}, {}",
                    window.from.value, window.to.value, names[at], ours.count, ours.cents,
                    theirs.count, theirs.cents, least.count, least.cents));
  }
}

void Referee::expect_everything_charged() {
  for (std::uint32_t n = 0; n < cases_.size(); ++n) {
    const Case& payment = cases_[n];
    if (payment.is_promised && !payment.booked_at && !payment.is_parked) {
      accuse(fmt::format("payment {}: promised, and never charged", n));
    }
  }
}

// -- processors -----------------------------------------------------------------------------------

void Referee::posted(std::size_t processor, const Posting& posting) {
  const auto n = number_of(posting.id);
  trace_.say("{}: POST {} {} requestedAt {}", names[processor], n, posting.amount.to_string(),
             posting.requested_at.value);
  if (n >= cases_.size()) return accuse(fmt::format("payment {}: no client sent it", n));
  highest_wall_ = std::max(highest_wall_, world_.wall());
  keep_amount(n, posting.amount, "sent on");
  if (cases_[n].was_booked_before_the_restore) {
    accuse(fmt::format("payment {}: sent to {}, though {} had it before the copy was restored", n,
                       names[processor], names[*cases_[n].booked_at]));
  }
  check_room(processor, posting);
  Try& attempt = cases_[n].attempt;
  const bool is_same =
      attempt.processor == processor && attempt.requested_at == posting.requested_at;
  // Where the clock is behind what was issued, a new attempt may have the same requestedAt.
  if (is_same && (!is_surely_refused(attempt) || time_has_passed(attempt))) {
    check_repeat(n, processor);
    // Released by now, it may be a new attempt that the clock, far behind, gave the same time:
    // nothing of what was sent before counts any more.
    // Nor is that sure, where the operator may have taken back the word.
    if (may_be_released(attempt)) {
      attempt.posts = attempt.refusals_read = attempt.refusals_maybe_read = 0;
      attempt.life = 0;
    }
  } else {
    check_next(n, processor, posting);
    // An intent of an earlier life may be sent first in this one.
    const bool is_of_this_life = cases_[n].life_sent == life_ || attempt.last_life == life_;
    attempt = {.processor = processor,
               .requested_at = posting.requested_at,
               .life = is_of_this_life ? life_ : 0};
  }
  ++attempt.posts;
  attempt.last_life = life_;
  attempt.last_post = world_.now();
  attempt.is_outstanding = true;
}

// PROTOCOL 2.4: one that is late counts until it is answered or hung up.
void Referee::check_room(std::size_t processor, const Posting& posting) {
  auto& posts = outstanding_[processor];
  const auto hung_up = world_.now() - plan_.settings.hang_up + doubt;
  while (!posts.empty() && posts.begin()->first < hung_up) posts.erase(posts.begin());
  posts.emplace(posting.at, number_of(posting.id));
  if (posts.size() > max_in_flight_) {
    accuse(fmt::format("{} POSTs in flight at {}, max_in_flight is {}", posts.size(),
                       names[processor], max_in_flight_));
  }
}

// The same attempt once more (PROTOCOL 3.1).
void Referee::check_repeat(std::uint32_t n, std::size_t processor) {
  const Try& attempt = cases_[n].attempt;
  if (is_surely_refused(attempt)) {
    accuse(
        fmt::format("payment {}: {} refused this attempt, and gets it again", n, names[processor]));
  }
  const bool is_read = world_.now() - attempt.last_post < plan_.settings.hang_up - doubt;
  if (attempt.is_outstanding && attempt.last_life == life_ && is_read) {
    accuse(fmt::format("payment {}: two POSTs at {} at once", n, names[processor]));
  }
}

// A new attempt: only when every request of the one before was refused (PROTOCOL 2.5, 3.3).
void Referee::check_next(std::uint32_t n, std::size_t processor, const Posting& posting) {
  const Try& before = cases_[n].attempt;
  if (before.processor) {
    if (before.refusals_maybe_read != before.posts && !may_be_released(before)) {
      accuse(
          fmt::format("payment {}: a new attempt at {}, though {} of {} requests at {} were "
                      "not refused",
                      n, names[processor], before.posts - before.refusals_maybe_read, before.posts,
                      names[*before.processor]));
    }
    const auto least = before.requested_at.value + (time_has_passed(before) ? 1 : 0);
    if (posting.requested_at.value < least) {
      accuse(fmt::format("payment {}: requestedAt {} after {}", n, posting.requested_at.value,
                         before.requested_at.value));
    }
  }
  check_time(n, posting, issued_after(n));
}

// An attempt after another one comes after what ended that.
platform::Instant Referee::issued_after(std::uint32_t n) const {
  const Try& before = cases_[n].attempt;
  const auto sent = cases_[n].first_sent;
  if (!before.processor) return sent;
  if (may_be_released(before)) return std::max(sent, before.last_post);
  return std::max(sent, before.last_refusal);
}

// PROTOCOL 2.5: about now, never ahead of every clock, never within what was told.
void Referee::check_time(std::uint32_t n, const Posting& posting, platform::Instant issued_after) {
  if (const auto fault = told_sums_.issue(posting.requested_at, issued_after)) {
    accuse(fmt::format("payment {}: {}", n, *fault));
  }
  const auto issued_at_most = std::max(highest_wall_.value, ahead_at_life_.value) +
                              static_cast<std::int64_t>(summaries_) + 1;
  if (posting.requested_at.value > issued_at_most) {
    accuse(fmt::format("payment {}: requestedAt {} is ahead of every clock ({})", n,
                       posting.requested_at.value, issued_at_most));
  }
  const bool takes_long = plan_.disk_is_slow || plan_.disk_fills_up || plan_.descriptors_run_out;
  if (takes_long || cases_[n].life_sent != life_) return;
  if (posting.requested_at <= final_told_before(world_.now() - sending_time)) {
    accuse(fmt::format("payment {}: requestedAt {} lies in a time that was told as final", n,
                       posting.requested_at.value));
  }
  if (world_.now() - last_jump_ < seconds(1)) return;
  const auto behind = world_.wall().value - posting.requested_at.value;
  if (behind > sending_time.count()) {
    accuse(fmt::format("payment {}: requestedAt is {} ms old when it is sent", n, behind));
  }
}

UtcMs Referee::final_told_before(platform::Instant moment) const {
  const auto after = std::ranges::upper_bound(told_, moment, {}, &Told::at);
  return after == told_.begin() ? UtcMs::min() : std::prev(after)->final;
}

void Referee::booked(std::size_t processor, const Posting& posting) {
  const auto n = number_of(posting.id);
  trace_.say("{}: booked {}", names[processor], n);
  Case& payment = cases_[n];
  if (payment.booked_at) {
    accuse(fmt::format("payment {}: charged at {} and at {}", n, names[*payment.booked_at],
                       names[processor]));
  }
  payment.booked_at = processor;
  payment.booked_requested_at = posting.requested_at;
  bookings_[processor].push_back({n, posting.requested_at, posting.amount.cents()});
  booked_times_.push_back(posting.requested_at);
}

void Referee::answered(std::size_t processor, const Posting& posting, Reading reading) {
  const auto n = number_of(posting.id);
  constexpr std::array<std::string_view, 3> readings = {"taken", "refused", "unclear"};
  trace_.say("{}: answers {}: {}", names[processor], n,
             readings[static_cast<std::size_t>(reading)]);
  outstanding_[processor].erase({posting.at, n});
  Case& payment = cases_[n];
  Try& attempt = payment.attempt;
  const auto hang_up = plan_.settings.hang_up;
  if (reading == Reading::taken && is_read_within(posting, hang_up - doubt)) {
    payment.life_told = life_;
    payment.told = world_.now();
  }
  if (attempt.processor != processor || attempt.requested_at != posting.requested_at) return;
  if (attempt.last_post == posting.at) attempt.is_outstanding = false;
  if (reading != Reading::refused) return;
  attempt.last_refusal = world_.now();
  attempt.wall_at_refusal = world_.wall();
  attempt.refusals_read += is_read_within(posting, hang_up - doubt);
  attempt.refusals_maybe_read += is_read_within(posting, hang_up + doubt);
}

void Referee::vouched(std::size_t processor, const payment::CorrelationId& id,
                      platform::Instant at) {
  const auto n = number_of(id);
  trace_.say("{}: says that it has {}", names[processor], n);
  cases_[n].was_vouched_for = true;
  if (at < life_began_ || world_.now() - at > plan_.settings.attempt_timeout / 2) return;
  cases_[n].life_told = life_;
  cases_[n].told = world_.now();
}

void Referee::denied(std::size_t processor, const payment::CorrelationId& id,
                     platform::Instant at) {
  trace_.say("{}: says that it does not have {}, asked at {}", names[processor], number_of(id),
             std::chrono::duration<double>(at.time_since_epoch()).count());
  Try& attempt = case_of(id).attempt;
  if (attempt.processor != processor) return;
  attempt.last_denied_get = std::max(attempt.last_denied_get, at);
}

// Every request of it was sent and refused in this life.
bool Referee::is_surely_refused(const Try& attempt) const {
  return attempt.life == life_ && attempt.refusals_read == attempt.posts;
}

// The operator's word that nothing is booked later than that: what a GET was denied that came in
// after it, will not come any more (PROTOCOL 3.2).
bool Referee::may_be_released(const Try& attempt) const {
  const auto& released_after = plan_.settings.max_processing_time;
  return released_after && attempt.last_denied_get - attempt.last_post >= *released_after;
}

// What is issued after the refusal must be later than what was refused.
bool Referee::time_has_passed(const Try& attempt) const {
  return attempt.posts == attempt.refusals_maybe_read && last_jump_ < attempt.last_refusal &&
         attempt.wall_at_refusal > attempt.requested_at;
}

// The process that sent it lives, and still reads the connection.
bool Referee::is_read_within(const Posting& posting, platform::Duration limit) const {
  return posting.at >= life_began_ && world_.now() - posting.at < limit;
}

bool Referee::must_count(const Case& payment, platform::Instant at) const {
  return payment.life_told == life_ && at - payment.told >= reading_time;
}

}  // namespace payswitch::lab::simulator
