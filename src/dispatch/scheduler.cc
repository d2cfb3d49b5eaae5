// A part of the dispatcher: what waits gets a processor, a slot and a connection.

#include <algorithm>
#include <utility>

#include "dispatch/dispatcher.h"

namespace payswitch::dispatch {

using routing::Choice;
using routing::Standing;

Choice Dispatcher::choose(Job& job, platform::Instant now) {
  forget_old_refusals(job);
  standings_.clear();
  for (const auto& upstream : upstreams_) {
    Standing standing =
        upstream->is_in(job.our_fault_mask) ? Standing::excluded : upstream->standing(now);
    if (standing == Standing::ready && upstream->is_in(job.tried_mask)) standing = Standing::tried;
    if (standing == Standing::broken && !upstream->was_heard_since(first_back_)) {
      standing = Standing::unasked;
    }
    standings_.push_back(standing);
  }
  return routing::choose(standings_, job.waiting_since, now, policy_, first_back_);
}

void Dispatcher::pump_soon() {
  if (pump_posted_ || stopping_) return;
  pump_posted_ = true;
  world_.loop.post([this] {
    pump_posted_ = false;
    pump();
  });
}

void Dispatcher::pump() {
  if (stopping_) return;
  const platform::Instant now = world_.clock.now();
  std::optional<platform::Instant> wake;
  // A moment that has passed needs no timer: what it allowed waits for a connection, which will
  // pump.
  const auto earlier = [&wake, now](std::optional<platform::Instant> when) {
    if (when && *when > now && (!wake || *when < *wake)) wake = when;
  };
  for (const auto& upstream : upstreams_) pump_steps(*upstream, now);
  const bool may_issue = world_.peers.may_issue();  // if not, the next beat comes back to it
  for (auto line = waiting_.lines().begin(); may_issue && line != waiting_.lines().end(); ++line) {
    earlier(pump_line(line, now));
  }
  if (!waiting_.empty()) {
    for (const auto& upstream : upstreams_) {
      upstream->seek(now);
      earlier(upstream->breaker().next_probe());
    }
  }
  for (const auto& upstream : upstreams_) {
    if (!waiting_.empty() || !upstream->steps().empty()) earlier(upstream->connect_pause(now));
  }
  wake_pump_at(wake);
}

void Dispatcher::pump_steps(Upstream& upstream, platform::Instant now) {
  auto& steps = upstream.steps();
  while (!steps.empty()) {
    const Upstream::Step step = steps.front();
    Job* job = jobs_.find(step.job);
    if (!job) {
      steps.pop_front();  // settled while it waited
      continue;
    }
    if (!upstream.has_room_to_resolve()) return;
    const auto connection = upstream.client().take();
    if (!connection) return upstream.want_connections(steps.size(), now);
    steps.pop_front();
    if (AskFirst::is_asking(*job)) {
      ask_first_.ask(*job, upstream, *connection);
    } else if (step.is_post) {
      ++upstream.counters().repeated;
      post(*job, *connection, upstream.breaker().free_pass());
    } else {
      ask(*job, *connection);
    }
  }
}

// Returns when it wants to be looked at again, should time alone change something.
std::optional<platform::Instant> Dispatcher::pump_line(PendingQueue::Lines::iterator line,
                                                       platform::Instant now) {
  while (!line->second.empty()) {
    Job& job = *jobs_.find(line->second.front());
    const Choice choice = choose(job, now);
    if (choice.kind == Choice::Kind::wait) return std::nullopt;
    if (choice.kind == Choice::Kind::hold) return choice.until;
    Upstream& upstream = *upstreams_[choice.index];
    if (!place(job, upstream, now)) {
      upstream.want_connections(
          std::min<std::size_t>(line->second.size(), upstream.limit() - upstream.in_flight()), now);
      return std::nullopt;
    }
    waiting_.pop(line);
  }
  return std::nullopt;
}

bool Dispatcher::place(Job& job, Upstream& upstream, platform::Instant now) {
  const auto reservation = upstream.reserve(now);
  if (!reservation) return false;
  reserve_and_plan(job, upstream, *reservation);
  world_.store.intend(job.id,
                      {.processor = upstream.number(),
                       .number = job.attempts_made,
                       .requested_at = job.attempt->requested_at()},
                      [this, ref = jobs_.ref(job)](bool is_granted) {
                        is_granted ? intent_durable(ref) : lost(ref);
                      });
  return true;
}

void Dispatcher::wake_pump_at(std::optional<platform::Instant> when) {
  if (when == pump_at_) return;
  world_.timers.cancel(pump_timer_);
  pump_timer_ = platform::TimerId::none;
  pump_at_ = when;
  if (!when) return;
  const auto delay = std::max(platform::Duration(0), *when - world_.clock.now());
  pump_timer_ = world_.timers.after(delay, [this] {
    pump_at_.reset();
    pump_timer_ = platform::TimerId::none;
    pump();
  });
}

}  // namespace payswitch::dispatch
