#include "dispatch/ask_first.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "dispatch/retry.h"

namespace payswitch::dispatch {

std::uint32_t AskFirst::everywhere() const {
  std::uint32_t mask = 0;
  for (const auto& upstream : world_.upstreams) mask |= 1u << upstream->number();
  return mask;
}

void AskFirst::start(Job& job, std::uint32_t mask) {
  assert(!is_asking(job));
  if (mask == 0) return events_.nowhere(job);
  job.ask_first_mask = mask;
  ++asking_;
  next(job);
}

void AskFirst::next(Job& job) {
  const auto number = static_cast<payment::ProcessorNumber>(std::countr_zero(job.ask_first_mask));
  const auto upstream = std::ranges::find(world_.upstreams, number, &Upstream::number);
  assert(upstream != world_.upstreams.end());
  (*upstream)->steps().push_back({world_.jobs.ref(job), false});
  events_.pump();
}

void AskFirst::ask(Job& job, Upstream& upstream, http::ConnectionId connection) {
  ++upstream.counters().asked;
  upstream.channel().ask(connection, job.id,
                         [this, &upstream, ref = world_.jobs.ref(job)](const Entry& entry) {
                           answered(*world_.jobs.find(ref), upstream, entry);
                           events_.pump();
                         });
}

void AskFirst::answered(Job& job, Upstream& upstream, const Entry& entry) {
  if (entry) {
    job.ask_first_mask = 0;
    ++upstream.counters().found_first;
    return events_.found(job, upstream, *entry);
  }
  // What a processor has refused to say, it may still have.
  if (entry.error() != processor::NoEntry::not_found) return later(job);
  job.ask_first_mask &= ~(1u << upstream.number());
  if (job.ask_first_mask != 0) return next(job);
  --asking_;
  events_.nowhere(job);
}

void AskFirst::later(Job& job) {
  const auto delay = backoff(world_.options, ++job.tries, world_.random);
  job.timer = world_.timers.after(delay, [this, ref = world_.jobs.ref(job)] {
    Job& waiting = *world_.jobs.find(ref);
    waiting.timer = platform::TimerId::none;
    next(waiting);
  });
}

}  // namespace payswitch::dispatch
