#include "tools/contest/payers.h"

#include <utility>

#include "tools/load/payment.h"

namespace payswitch::lab::contest {

Payers::Payers(const Schedule& schedule, MakeConnection make_connection, std::string target,
               platform::Timers& timers, const platform::Clock& clock, platform::Random& random)
    : schedule_(schedule),
      make_connection_(std::move(make_connection)),
      target_(std::move(target)),
      timers_(timers),
      clock_(clock),
      random_(random),
      by_stage_(schedule.stages.size()) {}

void Payers::start() {
  start_ = clock_.now();
  for (std::size_t client = 0; client < schedule_.clients; ++client) {
    timers_.after(client_starts(schedule_, client), [this] { add_client(); });
  }
}

void Payers::add_client() {
  auto connection = make_connection_();
  auto outbox = std::make_unique<load::Outbox>(*connection, timers_, clock_, target_, timeout);
  clients_.push_back({.connection = std::move(connection), .outbox = std::move(outbox)});
  pay(*clients_.back().outbox);
}

void Payers::pay(load::Outbox& outbox) {
  if (clock_.now() - start_ >= schedule_.length) {
    ++done_;
    return;
  }
  const auto id = load::new_id(random_);
  outbox.post(load::payment_body(id, load::usual_amount()),
              [this, id, &outbox](const load::Outbox::Result& result) {
                note(id, result);
                timers_.after(schedule_.client_rest, [this, &outbox] { pay(outbox); });
              });
}

void Payers::note(const payment::CorrelationId& id, const load::Outbox::Result& result) {
  const platform::Duration latency = result.over - result.sent;
  for (load::Tally* tally :
       {&tally_, &recent_, &by_stage_[stage_at(schedule_, result.sent - start_)]}) {
    tally->add(result.outcome, latency);
  }
  const bool taken = load::is_taken(result.outcome);
  const Told told = taken ? Told::taken : result.outcome ? Told::refused : Told::nothing;
  payments_.emplace(id, told);
}

}  // namespace payswitch::lab::contest
