#include "dispatch/ask_first.h"

#include <bit>
#include <cassert>
#include <utility>

#include "dispatch/retry.h"

namespace payswitch::dispatch {

AskFirst::AskFirst(const Options& options, const Platform& platform, const Upstreams& upstreams,
                   Jobs& jobs, Scheduler& scheduler, Events events)
    : options_(options),
      platform_(platform),
      upstreams_(upstreams),
      jobs_(jobs),
      scheduler_(scheduler),
      events_(std::move(events)) {}

void AskFirst::start(Job& job, std::uint32_t mask) {
  assert(job.ask_first_mask == 0 && (mask & ~upstreams_.mask()) == 0);
  if (mask == 0) return events_.not_found(job);
  job.ask_first_mask = mask;
  ++asking_;
  ask_next(job);
}

void AskFirst::ask_next(Job& job) {
  const auto number = static_cast<payment::ProcessorNumber>(std::countr_zero(job.ask_first_mask));
  scheduler_.request(job, number, Scheduler::Exchange::first_look);
}

void AskFirst::connected(Job& job, Upstream& upstream, http::ConnectionId connection) {
  ++upstream.counters().asked;
  upstream.channel().ask(connection, job.id,
                         [this, &upstream, ref = jobs_.ref(job)](const Entry& entry) {
                           answered(*jobs_.find(ref), upstream, entry);
                           scheduler_.schedule_soon();
                         });
}

void AskFirst::answered(Job& job, Upstream& upstream, const Entry& entry) {
  if (entry) {
    job.ask_first_mask = 0;
    ++upstream.counters().found_first;
    return events_.found(job, upstream, *entry);
  }
  // What a processor has refused to say, it may still have.
  if (entry.error() != processor::NoEntry::not_found) return ask_later(job);
  job.ask_first_mask &= ~(1u << upstream.number());
  if (job.ask_first_mask != 0) return ask_next(job);
  --asking_;
  events_.not_found(job);
}

void AskFirst::ask_later(Job& job) {
  const auto delay = backoff(options_, ++job.tries, platform_.random);
  jobs_.set_timer(job, delay, [this, ref = jobs_.ref(job)] { ask_next(jobs_.due(ref)); });
}

}  // namespace payswitch::dispatch
