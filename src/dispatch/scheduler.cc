#include "dispatch/scheduler.h"

#include <algorithm>
#include <cassert>
#include <utility>

// How this works:
//
// Payments without an attempt wait in the PendingQueue. schedule() walks it from the front: for
// each payment, routing::choose() looks at the standings of all processors, cheapest first, and
// says send, hold (for a cheaper one, until a moment) or wait (for something to change). A queue
// stops at its first payment that does not go: what comes after it is younger and has no better
// claim.
//
//     enqueue ──► queue ──send──► reserve a slot and a connection ──► Events::assigned
//        ▲          │ hold, wait, no idle connection
//        │          └─► timer, new connection, answer, health report ──► schedule again
//      retry ◄── back-off ◄── refused
//
// Nothing polls. Whatever may let a payment go calls schedule_soon(), which runs schedule() once at
// the end of the turn of the loop; only where time alone changes something does a timer wait.
//
// Exchanges for payments that a processor may have already come before the queue, and may take the
// tenth of the slots that first attempts do not get (PROTOCOL 2.4). They pass the breaker.
//
// Example: both processors work, the cheap one has 3 free slots and 2 idle connections, 5 payments
// wait. Two are assigned; want_connections() asks for more; the third goes when
// Client::Events::idle schedules again; the others hold for the cheap one, at least full_wait,
// before the dear one gets them.
namespace payswitch::dispatch {

using routing::Choice;
using routing::Standing;

struct Scheduler::Wake {
  platform::Instant now;
  std::optional<platform::Instant> at = {};

  // A moment that has passed needs no timer: what it allowed waits for a connection, which
  // schedules again.
  void by(std::optional<platform::Instant> when) {
    if (when && *when > now && (!at || *when < *at)) at = when;
  }
};

Scheduler::Scheduler(const Options& options, const routing::PolicyOptions& policy,
                     const Platform& platform, const store::Peers& peers,
                     const Upstreams& upstreams, Jobs& jobs, const Outage& outage,
                     RetryBudget& budget, Events events)
    : options_(options),
      policy_(policy),
      platform_(platform),
      peers_(peers),
      upstreams_(upstreams),
      jobs_(jobs),
      outage_(outage),
      budget_(budget),
      events_(std::move(events)) {
  for (const auto& upstream : upstreams_) requests_.push_back({*upstream, {}});
}

// -- what waits -----------------------------------------------------------------------------------

void Scheduler::enqueue(Job& job) {
  if (is_unroutable(job)) return events_.unroutable(job);
  queue_.push(jobs_.ref(job), job.refusals.our_fault_mask());
  schedule_soon();
}

// Without any processor it waits for one that is configured later.
bool Scheduler::is_unroutable(const Job& job) const {
  return !upstreams_.empty() && (upstreams_.mask() & ~job.refusals.our_fault_mask()) == 0;
}

void Scheduler::retry(Job& job, payment::ProcessorNumber by, payment::Outcome reason) {
  const platform::Instant now = platform_.clock.now();
  ++job.tries;
  job.refusals.forget_before(outage_.last_ended_at());
  const auto next = job.refusals.add(by, reason, upstreams_.mask(), now,
                                     now < job.waiting_since + policy_.patience);
  next == Refusals::Next::other_processor ? retry_at_once(job) : retry_later(job);
}

void Scheduler::retry_at_once(Job& job) {
  budget_.spend(platform_.clock.now()) ? enqueue(job) : retry_later(job);
}

void Scheduler::retry_later(Job& job) {
  const platform::Duration patience_left =
      job.waiting_since + policy_.patience - platform_.clock.now();
  platform::Duration delay = backoff(options_, job.tries, platform_.random);
  if (patience_left > platform::Duration(0)) delay = std::min(delay, patience_left);
  jobs_.set_timer(job, delay, [this, ref = jobs_.ref(job)] { retry_at_once(jobs_.due(ref)); });
}

void Scheduler::request(const Job& job, payment::ProcessorNumber processor, Exchange exchange) {
  requests_at(processor).waiting.push_back({jobs_.ref(job), exchange});
  schedule_soon();
}

Scheduler::Requests& Scheduler::requests_at(payment::ProcessorNumber processor) {
  const auto requests = std::ranges::find(
      requests_, processor, [](const Requests& each) { return each.upstream.number(); });
  assert(requests != requests_.end());
  return *requests;
}

void Scheduler::connect_failed(const Upstream& upstream) {
  for (const Request& each : std::exchange(requests_at(upstream.number()).waiting, {})) {
    if (Job* const job = jobs_.find(each.job)) events_.connect_failed(*job, each.exchange);
  }
  schedule_soon();
}

// -- who is next ----------------------------------------------------------------------------------

void Scheduler::schedule_soon() {
  if (is_posted_ || is_stopping_) return;
  is_posted_ = true;
  platform_.loop.post([this] {
    is_posted_ = false;
    schedule();
  });
}

void Scheduler::schedule() {
  if (is_stopping_) return;
  Wake wake{platform_.clock.now()};
  for (Requests& requests : requests_) connect(requests, wake.now);
  if (peers_.may_issue()) {  // if not, Peers::Events::issued schedules again
    auto& queues = queue_.queues();
    for (auto queue = queues.begin(); queue != queues.end(); ++queue) assign_queue(queue, wake);
  }
  seek_connections(wake);
  set_timer(wake.at);
}

void Scheduler::connect(Requests& requests, platform::Instant now) {
  auto& [upstream, waiting] = requests;
  while (!waiting.empty()) {
    const auto [ref, exchange] = waiting.front();
    Job* const job = jobs_.find(ref);
    if (!job) {
      waiting.pop_front();  // settled while it waited
      continue;
    }
    if (!upstream.has_room_to_resolve()) return;
    const auto connection = upstream.client().take();
    if (!connection) return upstream.want_connections(waiting.size(), now);
    waiting.pop_front();
    events_.connected(*job, upstream, *connection, exchange);
  }
}

void Scheduler::assign_queue(PendingQueue::Queues::iterator queue, Wake& wake) {
  const auto& waiting = queue->second;
  while (!waiting.empty()) {
    Job& job = *jobs_.find(waiting.front());
    const Choice choice = choose(job, wake.now);
    if (choice.kind == Choice::Kind::wait) return;
    if (choice.kind == Choice::Kind::hold) return wake.by(choice.until);
    Upstream& upstream = upstreams_[choice.index];
    const auto reservation = upstream.reserve(wake.now);
    if (!reservation) {
      const std::size_t free_slots = upstream.limit() - upstream.in_flight();
      return upstream.want_connections(std::min(waiting.size(), free_slots), wake.now);
    }
    queue_.pop(queue);
    events_.assigned(job, {upstream, *reservation});
  }
}

std::optional<Scheduler::Assignment> Scheduler::assign_at_once(Job& job) {
  if (!queue_.empty() || !peers_.may_issue()) return std::nullopt;
  const platform::Instant now = platform_.clock.now();
  const Choice choice = choose(job, now);
  if (choice.kind != Choice::Kind::send) return std::nullopt;
  Upstream& upstream = upstreams_[choice.index];
  const auto reservation = upstream.reserve(now);
  if (!reservation) return std::nullopt;
  return Assignment{upstream, *reservation};
}

Choice Scheduler::choose(Job& job, platform::Instant now) {
  job.refusals.forget_before(outage_.last_ended_at());
  standings_.clear();
  for (const auto& upstream : upstreams_) standings_.push_back(standing_for(job, *upstream, now));
  return routing::choose(standings_, job.waiting_since, now, policy_, outage_.last_ended_at());
}

Standing Scheduler::standing_for(const Job& job, const Upstream& upstream,
                                 platform::Instant now) const {
  if (upstream.is_in(job.refusals.our_fault_mask())) return Standing::excluded;
  const Standing standing = upstream.standing(now);
  if (standing == Standing::ready && job.refusals.has_refused(upstream.number())) {
    return Standing::tried;
  }
  if (standing == Standing::broken && !upstream.was_heard_since(outage_.last_ended_at())) {
    return Standing::unasked;
  }
  return standing;
}

// While something waits, each processor is tried that may be away, and time may bring a probe or
// the next try to connect.
void Scheduler::seek_connections(Wake& wake) {
  if (!queue_.empty()) {
    for (const auto& upstream : upstreams_) {
      upstream->seek(wake.now);
      wake.by(upstream->breaker().next_probe());
    }
  }
  for (const auto& [upstream, waiting] : requests_) {
    if (!queue_.empty() || !waiting.empty()) wake.by(upstream.connect_pause(wake.now));
  }
}

void Scheduler::set_timer(std::optional<platform::Instant> when) {
  if (when == timer_at_) return;
  platform_.timers.cancel(std::exchange(timer_, platform::TimerId::none));
  timer_at_ = when;
  if (!when) return;
  const auto delay = std::max(platform::Duration(0), *when - platform_.clock.now());
  timer_ = platform_.timers.after(delay, [this] {
    timer_at_.reset();
    timer_ = platform::TimerId::none;
    schedule();
  });
}

}  // namespace payswitch::dispatch
