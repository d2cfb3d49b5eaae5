#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/loop.h"
#include "store/peers.h"
#include "store/store.h"

namespace payswitch::dispatch {

// A store that keeps nothing but a list of what it was asked for. What is asked is durable in the
// next turn of the loop, or, while it is holding, when release() is called.
class FakeStore final : public store::Store {
 public:
  explicit FakeStore(platform::Loop& loop) : loop_(loop) {}

  // One line a call: "accept", "accept with 0 #1", "intend 0 #1", "refuse 0 #1 refused", "unknown",
  // "settle 0 #1", "park", "keep 1000". A processor by its number, then the number of the attempt.
  std::vector<std::string> calls;
  std::vector<store::Settlement> settlements;
  std::vector<store::Intent> intents;  // also those that an acceptance carries
  std::optional<store::Acceptance> last_acceptance;

  // What it says.
  store::Verdict verdict = store::Verdict::accepted;
  bool grants_intents = true;
  std::vector<store::OpenPayment> open_at_start;
  store::Facts known;
  payment::UtcMs highest{0};

  void hold() { is_holding_ = true; }
  void release() {
    is_holding_ = false;
    for (auto& each : std::exchange(held_, {})) loop_.post(std::move(each));
  }

  void start(Adopt adopt) override {
    open() = open_at_start.size();
    adopt(open_at_start);
  }
  void accept(const store::Acceptance& acceptance, AcceptDone done) override {
    last_acceptance = acceptance;
    calls.push_back(acceptance.intent ? "accept with " + name_of(*acceptance.intent) : "accept");
    if (acceptance.intent) intents.push_back(*acceptance.intent);
    const auto said = acceptance.admit_new ? verdict : store::Verdict::not_admitted;
    if (said == store::Verdict::accepted) ++open();
    complete([said, done = std::move(done)]() mutable { done(said); });
  }
  void intend(const payment::CorrelationId&, const store::Intent& intent,
              IntendDone done) override {
    calls.push_back("intend " + name_of(intent));
    intents.push_back(intent);
    complete([granted = grants_intents, done = std::move(done)]() mutable { done(granted); });
  }
  void refuse(const payment::CorrelationId&, const store::Refusal& refusal) override {
    calls.push_back(fmt::format("refuse {} #{} {}", refusal.processor, refusal.number,
                                payment::to_string(refusal.reason)));
  }
  void note_unknown(const payment::CorrelationId&) override { calls.emplace_back("unknown"); }
  void settle(const payment::CorrelationId&, const store::Settlement& settlement,
              Done done) override {
    calls.push_back(fmt::format("settle {} #{}", settlement.processor, settlement.number));
    settlements.push_back(settlement);
    --open();
    complete(std::move(done));
  }
  void park(const payment::CorrelationId&, payment::UtcMs, Done done) override {
    calls.emplace_back("park");
    --open();
    complete(std::move(done));
  }
  void keep_told(payment::UtcMs told, Done done) override {
    calls.push_back(fmt::format("keep {}", told.value));
    complete(std::move(done));
  }

  void find(const payment::CorrelationId&, FindDone) override {}
  void find_durable(const payment::CorrelationId&, FindDone) override {}
  void summary(const books::Window&, SummaryDone) override {}
  void list(const books::Window&, const std::string&, ListDone) override {}
  const std::vector<std::string>& names() const override { return names_; }
  const store::Facts& facts() const override { return known; }
  payment::UtcMs highest_requested_at() const override { return highest; }
  bool is_available() const override { return true; }
  bool idle() const override { return held_.empty(); }
  void end(Done done) override { complete(std::move(done)); }
  const store::Counters& counters() const override { return counters_; }

 private:
  static std::string name_of(const store::Intent& intent) {
    return fmt::format("{} #{}", intent.processor, intent.number);
  }
  std::uint64_t& open() {
    return counters_.by_state[static_cast<std::size_t>(payment::State::accepted)];
  }
  void complete(platform::Callback done) {
    if (is_holding_) return held_.push_back(std::move(done));
    loop_.post(std::move(done));
  }

  platform::Loop& loop_;
  bool is_holding_ = false;
  std::deque<platform::Callback> held_;
  std::vector<std::string> names_{"cheap", "dear", "gone"};
  store::Counters counters_;
};

// The instances that share a store, as one of them sees them.
class FakePeers final : public store::Peers {
 public:
  // What they say.
  bool has_lease = true;
  platform::Duration poll_after{0};  // zero: ours is the next poll
  bool keep_what_is_final = false;

  Events events;  // to be called as peers do
  std::vector<payment::UtcMs> confirmed;
  std::vector<Health> health_heard;
  int claims = 0;

  void listen(Events listener) override { events = std::move(listener); }
  void claim_poll(payment::ProcessorNumber, platform::Duration, Claimed done) override {
    ++claims;
    done(poll_after);
  }
  bool may_issue() const override { return has_lease; }
  void confirm(payment::UtcMs time, Confirmed done) override {
    confirmed.push_back(time);
    done(time);
  }
  bool keeps_what_is_told() const override { return keep_what_is_final; }
  void tell_health(payment::ProcessorNumber, const Health& health) override {
    health_heard.push_back(health);
  }
};

}  // namespace payswitch::dispatch
