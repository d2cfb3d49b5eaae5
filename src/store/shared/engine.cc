#include "store/shared/engine.h"

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

#include "platform/repeats.h"
#include "store/shared/owned_payments.h"
#include "store/shared/reader.h"
#include "store/shared/replay_buffer.h"
#include "store/shared/replica_acks.h"

namespace payswitch::store::shared {

namespace {

using payment::State;
using wire::Failure;
using wire::Reply;

constexpr auto pause_without_replicas = std::chrono::seconds(1);

// What the script `accept` says first.
enum class Said : std::uint8_t { accepted, replayed, conflict, not_admitted, evicted };
// And the script `settle`.
enum class Settled : std::uint8_t { now, before, elsewhere, of_another };

class Engine final : public Store {
 public:
  Engine(const Options& configured, const RedisOptions& options, const Seams& seams,
         platform::Loop& loop, Opening opening);

  void begin() { membership_.start(); }
  Peers& peers() { return membership_; }
  const wire::Server& server() const { return membership_.server(); }

  void start(Adopt adopt) override;
  void accept(const Acceptance& acceptance, AcceptDone done) override;
  void intend(const payment::CorrelationId& id, const Intent& intent, IntendDone done) override;
  void refuse(const payment::CorrelationId& id, const Refusal& refusal) override;
  void note_unknown(const payment::CorrelationId& id) override;
  void settle(const payment::CorrelationId& id, const Settlement& settlement, Done done) override;
  void park(const payment::CorrelationId& id, payment::UtcMs at, Done done) override;
  void find(const payment::CorrelationId& id, FindDone done) override {
    reader_.find(id, std::move(done));
  }
  // What can be read is as durable as this Redis makes it.
  void find_durable(const payment::CorrelationId& id, FindDone done) override {
    reader_.find(id, std::move(done));
  }
  void summary(const books::Window& window, SummaryDone done) override {
    reader_.summary(window, std::move(done));
  }
  void list(const books::Window& window, const std::string& cursor, ListDone done) override {
    reader_.list(window, cursor, std::move(done));
  }
  const std::vector<std::string>& names() const override { return membership_.names(); }
  const Facts& facts() const override { return membership_.facts().values(); }
  void keep_told(payment::UtcMs told, Done done) override {
    membership_.facts().keep_told(told, std::move(done));
  }
  payment::UtcMs highest_requested_at() const override { return membership_.highest_issued(); }
  bool is_available() const override { return membership_.is_ready() && membership_.is_whole(); }
  // Redis keeps what it was sent, and whose it is: the lease says when we are gone.
  void end(Done done) override { loop_.post(std::move(done)); }
  bool idle() const override {
    return replay_buffer_.waiting() == 0 && reader_.idle() && prompt_ == 0 &&
           confirmations_.waiting() == 0 && membership_.facts().idle();
  }
  const Counters& counters() const override { return counters_; }

 private:
  // -- writing --
  void keep(const Operation& operation, Completion done);
  void send(ReplayBuffer::Number number, ReplayBuffer::Entry& entry);
  void failed(ReplayBuffer::Number number, Failure failure);
  void give_up_waiting(ReplayBuffer::Number number);
  void replied(ReplayBuffer::Number number, const Reply& reply);
  void replied_to_accept(ReplayBuffer::Number number, ReplayBuffer::Entry& entry,
                         const Reply& reply);
  void replied_to_intend(ReplayBuffer::Number number, ReplayBuffer::Entry& entry,
                         const Reply& reply);
  void replied_to_settle(ReplayBuffer::Number number, ReplayBuffer::Entry& entry,
                         const Reply& reply);
  void verdict(ReplayBuffer::Number number, ReplayBuffer::Entry& entry, Verdict verdict);
  void accepted(const Operation& operation, AcceptDone told);
  void promise(Verdict verdict, AcceptDone told, platform::Callback otherwise = [] {});
  void confirm_intent(const payment::CorrelationId& id, IntendDone told);
  void later(platform::Callback callback);

  // -- coming and going --
  void ready(bool has_forgotten);
  void away();
  void taken(std::vector<Taken> taken);
  void adopt(const std::vector<OpenPayment>& payments);

  Seams seams_;
  platform::Loop& loop_;
  platform::Duration verdict_within_;
  Counters counters_;
  ReplayBuffer replay_buffer_;
  OwnedPayments holdings_;
  // Accepts without an answer: what Redis shows of them until then is not an orphan.
  std::unordered_map<payment::CorrelationId, std::size_t> accepting_;
  ReplicaAcks confirmations_;
  Membership membership_;
  Reader reader_;
  std::function<void()> opened_;
  Adopt adopt_;
  std::vector<OpenPayment> to_adopt_;  // before start()
  std::string instance_;               // our name when we were last ready
  std::uint64_t tokens_ = 0;
  std::size_t prompt_ = 0;  // completions that are posted
  platform::RepeatedLine not_ours_{10};
  platform::RepeatedLine finding_{100};
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

Engine::Engine(const Options& configured, const RedisOptions& options, const Seams& seams,
               platform::Loop& loop, Opening opening)
    : seams_(seams),
      loop_(loop),
      verdict_within_(options.verdict_within),
      replay_buffer_(options.memory),
      holdings_(counters_),
      confirmations_(options, seams.client, loop),
      membership_(options, configured, seams,
                  {.refused = std::move(opening.refused),
                   .waiting = opening.waiting ? std::move(opening.waiting) : [](const auto&) {},
                   .ready = [this](bool has_forgotten) { ready(has_forgotten); },
                   .away = [this](const std::string&) { away(); },
                   .renamed = [this] { holdings_.doubt_all(); },
                   .taken = [this](std::vector<Taken> payments) { taken(std::move(payments)); },
                   .is_known =
                       [this](const payment::CorrelationId& id) {
                         return holdings_.find(id) != nullptr || accepting_.contains(id);
                       },
                   .owned = [this] { return holdings_.size(); }}),
      reader_(seams, membership_, loop),
      opened_(std::move(opening.opened)) {}

void Engine::start(Adopt adopt) {
  adopt_ = std::move(adopt);
  if (!to_adopt_.empty()) adopt_(std::exchange(to_adopt_, {}));
}

// -- writing --------------------------------------------------------------------------------------

void Engine::later(platform::Callback callback) {
  ++prompt_;
  loop_.post([this, alive = std::weak_ptr(alive_), callback = std::move(callback)]() mutable {
    if (alive.expired()) return;
    --prompt_;
    callback();
  });
}

void Engine::keep(const Operation& operation, Completion done) {
  const auto number = replay_buffer_.add(operation, std::move(done), seams_.clock.now());
  if (membership_.is_ready()) send(number, *replay_buffer_.find(number));
}

void Engine::send(ReplayBuffer::Number number, ReplayBuffer::Entry& entry) {
  const Call call = call_of(entry.operation, seams_.scripts, membership_.speaker(),
                            entry.owner.empty() ? membership_.speaker().instance : entry.owner);
  const std::vector<std::string_view> keys(call.keys.begin(), call.keys.end());
  const std::vector<std::string_view> arguments(call.arguments.begin(), call.arguments.end());
  seams_.client.run(
      *call.script, keys, arguments,
      [this, number, alive = std::weak_ptr(alive_)](const std::expected<Reply, Failure>& reply) {
        if (alive.expired()) return;
        reply ? replied(number, *reply) : failed(number, reply.error());
      },
      haste_of(entry.operation.kind));
}

// It is sent again when Redis is back; a client that waits for an accept does not wait for ever.
void Engine::failed(ReplayBuffer::Number number, Failure failure) {
  ReplayBuffer::Entry* entry = replay_buffer_.find(number);
  if (!entry || entry->is_answered || entry->operation.kind != Operation::Kind::accept) return;
  if (failure == Failure::not_sent) return verdict(number, *entry, Verdict::unavailable);
  entry->operation.admit_new = false;  // if it did not run, it shall not run later
  if (verdict_within_ == platform::Duration(0)) return give_up_waiting(number);
  if (std::exchange(entry->is_timed, true)) return;
  seams_.timers.after(verdict_within_, [this, number, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) give_up_waiting(number);
  });
}

void Engine::give_up_waiting(ReplayBuffer::Number number) {
  ReplayBuffer::Entry* entry = replay_buffer_.find(number);
  if (!entry || entry->is_answered) return;
  if (auto* done = std::get_if<AcceptDone>(&entry->done)) {
    auto told = std::move(*done);
    entry->done = {};
    told(Verdict::unavailable);
  }
}

void Engine::replied(ReplayBuffer::Number number, const Reply& reply) {
  ReplayBuffer::Entry* entry = replay_buffer_.find(number);
  if (!entry || entry->is_answered) return;
  using Kind = Operation::Kind;
  const Kind kind = entry->operation.kind;
  if (reply.is_error()) {
    if (kind == Kind::accept && reply.text.starts_with("OOM")) {
      return verdict(number, *entry, Verdict::not_admitted);
    }
    failed(number, Failure::maybe_ran);
    return membership_.stumble(reply.text);
  }
  if (kind == Kind::accept) return replied_to_accept(number, *entry, reply);
  if (kind == Kind::intend) return replied_to_intend(number, *entry, reply);
  if (kind == Kind::settle) return replied_to_settle(number, *entry, reply);
  auto done = std::move(entry->done);
  replay_buffer_.answered(number, seams_.clock.now());
  if (auto* told = std::get_if<Done>(&done)) (*told)();
}

void Engine::replied_to_accept(ReplayBuffer::Number number, ReplayBuffer::Entry& entry,
                               const Reply& reply) {
  const auto said = static_cast<Said>(reply.elements.at(0).integer);
  const bool is_ours =
      reply.elements.size() > 1 && reply.elements[1].text == membership_.speaker().instance;
  switch (said) {
    case Said::accepted:
      entry.was_kept = true;
      return verdict(number, entry, is_ours ? Verdict::accepted : Verdict::replayed);
    case Said::replayed:
      if (!is_ours) membership_.look_soon();
      return verdict(number, entry, Verdict::replayed);
    case Said::conflict:
      return verdict(number, entry, Verdict::conflict);
    case Said::not_admitted:
      return verdict(number, entry, Verdict::not_admitted);
    case Said::evicted:
      return membership_.evicted();
  }
}

void Engine::verdict(ReplayBuffer::Number number, ReplayBuffer::Entry& entry, Verdict verdict) {
  const Operation operation = entry.operation;
  auto done = std::move(entry.done);
  replay_buffer_.answered(number, seams_.clock.now());
  const auto asked = accepting_.find(operation.id);
  if (--asked->second == 0) accepting_.erase(asked);
  counters_.replays += verdict == Verdict::replayed;
  counters_.conflicts += verdict == Verdict::conflict;
  auto* told = std::get_if<AcceptDone>(&done);
  if (verdict == Verdict::accepted) return accepted(operation, told ? std::move(*told) : nullptr);
  if (!told) return;
  if (verdict == Verdict::replayed) return promise(verdict, std::move(*told));
  (*told)(verdict);
}

// That it is kept: said once enough replicas have it (PROTOCOL 7.6).
void Engine::promise(Verdict verdict, AcceptDone told, platform::Callback otherwise) {
  confirmations_.await([verdict, told = std::move(told),
                        otherwise = std::move(otherwise)](bool is_confirmed) mutable {
    told(is_confirmed ? verdict : Verdict::unavailable);
    if (!is_confirmed) otherwise();
  });
}

// When nothing waits any more, the answer was that it is unavailable, as it is when too few
// replicas have it: only this instance will ever send it.
void Engine::accepted(const Operation& operation, AcceptDone told) {
  if (holdings_.find(operation.id)) {  // Redis had forgotten it; here it is at work
    if (told) promise(Verdict::replayed, std::move(told));
    return;
  }
  const bool has_intent = operation.processor != payment::no_processor;
  const State state = has_intent ? State::attempting : State::accepted;
  holdings_.add(operation.id, state, has_intent ? 1 : 0);
  if (!told) return adopt({open_of(operation)});
  promise(Verdict::accepted, std::move(told), [this, operation] {
    if (holdings_.is_ours(operation.id)) adopt({open_of(operation)});
  });
}

void Engine::replied_to_intend(ReplayBuffer::Number number, ReplayBuffer::Entry& entry,
                               const Reply& reply) {
  const payment::CorrelationId id = entry.operation.id;
  const bool is_granted = reply.integer == 1 && holdings_.is_ours(id);
  auto done = std::move(entry.done);
  replay_buffer_.answered(number, seams_.clock.now());
  if (!is_granted && holdings_.find(id)) {
    not_ours_.say(seams_.log, platform::Level::warn, seams_.clock.now(),
                  "payment {} is another instance's now", id.to_string());
    holdings_.remove(id, State::accepted);
  }
  auto* told = std::get_if<IntendDone>(&done);
  if (!told) return;
  if (!is_granted) return (*told)(false);
  confirm_intent(id, std::move(*told));
}

// Not a byte is sent before enough replicas have it (PROTOCOL 7.5).
void Engine::confirm_intent(const payment::CorrelationId& id, IntendDone told) {
  confirmations_.await([this, id, told = std::move(told)](bool is_confirmed) mutable {
    const bool is_ours = holdings_.is_ours(id);
    if (!is_ours && holdings_.find(id)) holdings_.remove(id, State::accepted);
    if (is_confirmed || !is_ours) return told(is_ours);
    ++prompt_;
    seams_.timers.after(pause_without_replicas, [this, id, alive = std::weak_ptr(alive_),
                                                 told = std::move(told)]() mutable {
      if (alive.expired()) return;
      --prompt_;
      confirm_intent(id, std::move(told));
    });
  });
}

void Engine::replied_to_settle(ReplayBuffer::Number number, ReplayBuffer::Entry& entry,
                               const Reply& reply) {
  const auto settled = static_cast<Settled>(reply.elements.at(0).integer);
  if (settled == Settled::of_another) {
    entry.owner = reply.elements.at(1).text;
    return send(number, entry);
  }
  if (settled == Settled::elsewhere) {
    ++counters_.findings;
    finding_.say(seams_.log, platform::Level::error, seams_.clock.now(),
                 "finding: processor {} has booked payment {}, which is settled elsewhere",
                 names().at(entry.operation.processor), entry.operation.id.to_string());
  }
  auto done = std::move(entry.done);
  replay_buffer_.answered(number, seams_.clock.now());
  if (auto* told = std::get_if<Done>(&done)) (*told)();
}

// -- the payments' steps --------------------------------------------------------------------------

void Engine::accept(const Acceptance& acceptance, AcceptDone done) {
  if (!membership_.is_ready()) {
    return later([done = std::move(done)]() mutable { done(Verdict::unavailable); });
  }
  Operation operation = accept_operation(acceptance, ++tokens_);
  operation.admit_new = operation.admit_new && !membership_.is_full() && membership_.is_whole();
  if (acceptance.intent) membership_.note_issued(acceptance.intent->requested_at);
  ++accepting_[acceptance.id];
  keep(operation, std::move(done));
}

void Engine::intend(const payment::CorrelationId& id, const Intent& intent, IntendDone done) {
  OwnedPayments::Held* held = holdings_.find(id);
  assert(held);
  if (held->is_foreign) {
    holdings_.remove(id, State::accepted);
    return later([done = std::move(done)]() mutable { done(false); });
  }
  assert(payment::is_legal(held->state, State::attempting));
  holdings_.move(*held, State::attempting);
  held->attempts_made = intent.number;
  membership_.note_issued(intent.requested_at);
  keep(intend_operation(id, intent), std::move(done));
}

void Engine::refuse(const payment::CorrelationId& id, const Refusal& refusal) {
  OwnedPayments::Held* held = holdings_.find(id);
  assert(held && payment::is_legal(held->state, State::accepted));
  holdings_.move(*held, State::accepted);
  if (!held->is_foreign) keep(refuse_operation(id, refusal), {});
}

void Engine::note_unknown(const payment::CorrelationId& id) {
  OwnedPayments::Held* held = holdings_.find(id);
  assert(held);
  if (held->state == State::unknown) return;
  holdings_.move(*held, State::unknown);
  if (!held->is_foreign) keep(mark_unknown_operation(id, held->attempts_made), {});
}

void Engine::settle(const payment::CorrelationId& id, const Settlement& settlement, Done done) {
  // In whatever state we think that it is: a processor says that it has it.
  assert(holdings_.find(id));
  holdings_.remove(id, State::settled);
  counters_.findings += settlement.finding;
  keep(settle_operation(id, settlement), std::move(done));
}

void Engine::park(const payment::CorrelationId& id, payment::UtcMs at, Done done) {
  OwnedPayments::Held* held = holdings_.find(id);
  assert(held && payment::is_legal(held->state, State::parked));
  const bool is_foreign = held->is_foreign;
  holdings_.remove(id, is_foreign ? State::accepted : State::parked);
  if (is_foreign) return later(std::move(done));
  keep(park_operation(id, at), std::move(done));
}

// -- coming and going -----------------------------------------------------------------------------

void Engine::ready(bool has_forgotten) {
  const std::string& name = membership_.speaker().instance;
  if (std::exchange(instance_, name) != name) holdings_.disown_unconfirmed();
  replay_buffer_.for_each(has_forgotten,
                          [&](ReplayBuffer::Number number, ReplayBuffer::Entry& entry) {
                            if (entry.is_answered) entry.operation.admit_new = entry.was_kept;
                            send(number, entry);
                          });
  if (opened_) std::exchange(opened_, {})();
}

// Those who wait for a verdict get it when Redis is back, or hear that there is none.
void Engine::away() {
  replay_buffer_.for_each(false, [this](ReplayBuffer::Number number, ReplayBuffer::Entry&) {
    failed(number, Failure::maybe_ran);
  });
}

void Engine::taken(std::vector<Taken> taken) {
  std::vector<OpenPayment> fresh;
  for (const Taken& each : taken) {
    if (OwnedPayments::Held* held = holdings_.find(each.payment.id)) {
      held->is_confirmed = held->is_confirmed || each.was_ours;
      continue;
    }
    // Left behind under another name. Its accept is sent again, and then the client that waits for
    // the verdict goes on with it.
    if (accepting_.contains(each.payment.id)) continue;
    const bool is_unknown = each.payment.unanswered.has_value();
    holdings_.add(each.payment.id, is_unknown ? State::unknown : State::accepted,
                  each.payment.attempts_made);
    fresh.push_back(each.payment);
  }
  if (!fresh.empty()) adopt(fresh);
}

void Engine::adopt(const std::vector<OpenPayment>& payments) {
  if (adopt_) return adopt_(payments);
  to_adopt_.insert(to_adopt_.end(), payments.begin(), payments.end());
}

}  // namespace

Shared open(const Options& configured, const RedisOptions& options, const Seams& seams,
            platform::Loop& loop, Opening opening) {
  auto engine = std::make_unique<Engine>(configured, options, seams, loop, std::move(opening));
  engine->begin();
  Peers* peers = &engine->peers();
  const wire::Server* server = &engine->server();
  return {.store = std::move(engine), .peers = peers, .server = server};
}

}  // namespace payswitch::store::shared
