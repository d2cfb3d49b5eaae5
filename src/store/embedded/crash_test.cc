#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "store/embedded/store_process_fixture.h"

// The promise of PROTOCOL 4 as one property: payments go through a store that is killed, loses its
// power, is stopped in its recovery, and meets disk errors, at moments that a seed chooses. After
// each start everything that had completed is there, nothing is there that was not asked for, and
// what is there is everything up to one moment. What a start has shown once must never be taken
// back.
namespace payswitch::store::embedded {
namespace {

using platform::Durability;

// What a reader may see of a payment; whether an open attempt is unknown is not kept.
std::string digest(const PaymentView& view) {
  std::string state(payment::to_string(view.state));
  if (view.state == payment::State::unknown) state = "attempting";
  std::string text = fmt::format(
      "{} {} {} at {}/{} {} {}{}:", view.amount.cents(), view.accepted_at.value, state,
      view.processor, view.requested_at.value_or(payment::UtcMs{}).value,
      view.settled_at.value_or(payment::UtcMs{}).value, view.finding, view.attempts_made);
  for (const auto& attempt : view.attempts) {
    text +=
        fmt::format(" {}/{}/{}/{}", attempt.number, attempt.processor, attempt.requested_at.value,
                    attempt.outcome ? static_cast<int>(*attempt.outcome) : -1);
  }
  return text;
}

// On a full disk the attempts before the last may be forgotten.
bool is_like(const PaymentView& found, PaymentView expected, bool may_have_forgotten) {
  const auto forgotten = expected.attempts.size() - found.attempts.size();
  if (may_have_forgotten && !found.attempts.empty() && forgotten < expected.attempts.size()) {
    expected.attempts.erase(expected.attempts.begin(),
                            expected.attempts.begin() + static_cast<std::ptrdiff_t>(forgotten));
  }
  return digest(found) == digest(expected);
}

// One payment as its clients and its dispatcher know it.
struct Script {
  struct Step {
    std::uint64_t order;  // among all steps of all payments
    PaymentView after;
    payment::Money booked;
  };
  std::vector<Step> steps;    // that were asked for; the first is the acceptance
  std::size_t completed = 0;  // so many of them must be found
  bool waiting = false;

  const PaymentView& now() const { return steps.back().after; }
};

class Story {
 public:
  explicit Story(std::uint64_t seed) : process_(seed), seed_(seed) {
    process_.options.compaction = true;
    process_.disk.keep_pages(in_order_);
    process_.disk.set_times(
        {.prepare = std::chrono::microseconds(500), .make = std::chrono::microseconds(300)});
  }

  void run() {
    for (int life = 0; life < 7; ++life) {
      start();
      if (testing::Test::HasFailure()) return;
      check();
      if (testing::Test::HasFailure()) return;
      live();
      crash();
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return process_.random.below(bound); }
  Store& store() { return process_.store(); }

  // -- a life ------------------------------------------------------------------------------

  void start() {
    while (below(4) == 0) {
      process_.disk.stop_in_replace_after(below(3));
      if (!process_.start()) {
        if (power_may_fail_ && below(2) == 0) process_.power_cut();
        continue;
      }
      crash();
    }
    process_.options.durability = below(3) == 0 ? Durability::os : Durability::fsync;
    const auto started = process_.start();
    ASSERT_TRUE(started) << "seed " << seed_ << ": " << started.error();
    // With os, what is written is safe from a kill alone.
    power_may_fail_ = process_.options.durability == Durability::fsync;
    process_.fatal_lines.clear();
  }

  void live() {
    disk_is_full_ = below(8) == 0;
    disk_was_full_ |= disk_is_full_;
    process_.disk.fail_prepares(disk_is_full_);
    if (below(6) == 0) process_.disk.fail_appends_after(below(60));
    const auto turns = 1 + below(120);
    for (std::uint64_t turn = 0; turn < turns; ++turn) {
      for (auto calls = below(6); calls > 0; --calls) call();
      process_.world.run_for(std::chrono::microseconds(below(200)));
      if (below(20) == 0) process_.world.run_for(std::chrono::milliseconds(below(20)));
    }
  }

  void crash() {
    if (power_may_fail_ && below(2) == 0) {
      process_.power_cut();
    } else {
      process_.kill();
    }
    process_.disk.fail_prepares(false);
  }

  // -- what is asked for -------------------------------------------------------------------

  void call() {
    const auto kind = below(10);
    if (scripts_.empty() || kind < 4) return accept();
    const auto which = below(scripts_.size());
    if (kind == 4) return repeat(which);
    if (!scripts_[which].waiting) go_on(which);
  }

  std::optional<Intent> maybe_intent(std::uint64_t part, std::uint32_t number) {
    if (below(part) != 0) return std::nullopt;
    return Intent{.processor = static_cast<payment::ProcessorNumber>(below(2)),
                  .number = number,
                  .requested_at = at(++clock_)};
  }

  void accept() {
    const auto which = scripts_.size();
    auto asked = acceptance(static_cast<std::uint32_t>(which), static_cast<int>(1 + below(5000)),
                            maybe_intent(2, 1));
    PaymentView view;
    view.id = asked.id;
    view.amount = asked.amount;
    view.accepted_at = asked.accepted_at;
    if (asked.intent) begin(view, *asked.intent);
    scripts_.emplace_back();
    step(which, view);
    store().accept(asked, [this, which](Verdict verdict) {
      if (verdict == Verdict::accepted) return complete(which);
      EXPECT_EQ(verdict, Verdict::not_admitted);
      scripts_[which] = Script{.steps = {}, .completed = 0, .waiting = true};  // never to be found
    });
  }

  // The original must be durable when anything is said of a repetition.
  void repeat(std::uint64_t which) {
    const Script& script = scripts_[which];
    if (script.steps.empty()) return;
    const bool same = below(2) == 0;
    auto asked = acceptance(static_cast<std::uint32_t>(which), script.now().amount.cents());
    if (!same) asked.amount = cents(asked.amount.cents() + 1);
    store().accept(asked, [this, which, same](Verdict verdict) {
      if (scripts_[which].steps.empty()) return;  // the original was not admitted, nor is this
      EXPECT_EQ(verdict, same ? Verdict::replayed : Verdict::conflict);
      EXPECT_GE(scripts_[which].completed, 1u) << "seed " << seed_;
    });
  }

  void go_on(std::uint64_t which) {
    PaymentView view = scripts_[which].now();
    if (view.state == payment::State::accepted) {
      return below(10) == 0 ? park(which, view) : attempt(which, view);
    }
    if (view.state == payment::State::attempting) {
      return below(3) == 0 ? refuse(which, view) : settle(which, view);
    }
  }

  void attempt(std::uint64_t which, PaymentView view) {
    const auto intent = *maybe_intent(1, view.attempts_made + 1);
    begin(view, intent);
    step(which, view);
    store().intend(view.id, intent, [this, which](bool) { complete(which); });
  }

  void refuse(std::uint64_t which, PaymentView view) {
    const auto reason = static_cast<payment::Outcome>(2 + below(5));
    store().refuse(view.id,
                   {.processor = view.processor, .number = view.attempts_made, .reason = reason});
    view.attempts.back().outcome = reason;
    view.state = payment::State::accepted;
    step(which, view);
    scripts_[which].waiting = false;  // nobody waits for it
    if (below(2) == 0) attempt(which, view);
  }

  void settle(std::uint64_t which, PaymentView view) {
    Settlement settled{.processor = view.processor,
                       .number = view.attempts_made,
                       .requested_at = *view.requested_at,
                       .amount = view.amount,
                       .settled_at = at(++clock_),
                       .finding = below(10) == 0};
    if (settled.finding) settled.amount = cents(view.amount.cents() + 1);
    view.state = payment::State::settled;
    view.settled_at = settled.settled_at;
    view.finding = settled.finding;
    view.attempts.back().outcome = payment::Outcome::taken;
    step(which, view, settled.amount);
    store().settle(view.id, settled, [this, which] { complete(which); });
  }

  void park(std::uint64_t which, PaymentView view) {
    view.state = payment::State::parked;
    step(which, view);
    store().park(view.id, at(++clock_), [this, which] { complete(which); });
  }

  static void begin(PaymentView& view, const Intent& intent) {
    view.state = payment::State::attempting;
    view.processor = intent.processor;
    view.requested_at = intent.requested_at;
    view.attempts_made = intent.number;
    view.attempts.push_back({.number = intent.number,
                             .processor = intent.processor,
                             .requested_at = intent.requested_at,
                             .outcome = std::nullopt});
    if (view.attempts.size() > max_attempts_remembered) view.attempts.erase(view.attempts.begin());
  }

  void step(std::uint64_t which, const PaymentView& view, payment::Money booked = {}) {
    scripts_[which].steps.push_back({++order_, view, booked});
    scripts_[which].waiting = true;
  }

  void complete(std::uint64_t which) {
    EXPECT_TRUE(process_.fatal_lines.empty()) << "completed after a failed write";
    scripts_[which].completed = scripts_[which].steps.size();
    scripts_[which].waiting = false;
  }

  // -- what is found -----------------------------------------------------------------------

  std::optional<PaymentView> find(std::uint64_t which) {
    std::optional<PaymentView> view;
    store().find(test_id(static_cast<std::uint32_t>(which)),
                 [&](const Store::Found& found) { view = found.value(); });
    process_.world.run_for(std::chrono::milliseconds(1));  // it may wait for the disk
    return view;
  }

  void check() {
    std::uint64_t last_found = 0;
    std::uint64_t first_lost = std::numeric_limits<std::uint64_t>::max();
    for (std::uint64_t which = 0; which < scripts_.size(); ++which) {
      Script& script = scripts_[which];
      const auto found = steps_found(which);
      if (found > 0) last_found = std::max(last_found, script.steps[found - 1].order);
      if (found < script.steps.size()) first_lost = std::min(first_lost, script.steps[found].order);
      script.steps.resize(found);
      script.completed = found;
      script.waiting = found == 0;
    }
    // On a full disk an intent may wait until there is room, and others overtake it.
    if (in_order_ && !disk_is_full_) {
      EXPECT_LT(last_found, first_lost) << "seed " << seed_ << ": there is a hole in what survived";
    }
    check_summary();
    check_open();
  }

  // How many of the payment's steps the store knows.
  std::size_t steps_found(std::uint64_t which) {
    const Script& script = scripts_[which];
    const auto view = find(which);
    if (!view) {
      EXPECT_EQ(script.completed, 0u) << "seed " << seed_ << ": payment " << which << " is lost";
      return 0;
    }
    for (auto count = script.steps.size(); count > 0; --count) {
      if (!is_like(*view, script.steps[count - 1].after, disk_was_full_)) continue;
      EXPECT_GE(count, script.completed)
          << "seed " << seed_ << ": payment " << which << " went back";
      return count;
    }
    ADD_FAILURE() << "seed " << seed_ << ": payment " << which
                  << " was never like this: " << digest(*view);
    return 0;
  }

  void check_summary() {
    std::vector<payment::Total> expected(2);
    for (const auto& script : scripts_) {
      if (script.steps.empty() || script.now().state != payment::State::settled) continue;
      expected[script.now().processor].add(script.steps.back().booked);
    }
    std::vector<payment::Total> found;
    store().summary({}, [&](const auto& summary) { found = summary->by_processor; });
    process_.world.run_for(std::chrono::milliseconds(1));  // it may wait for the disk
    EXPECT_EQ(found, expected) << "seed " << seed_;
  }

  void check_open() {
    std::vector<std::pair<std::uint64_t, std::string>> expected;
    for (const auto& script : scripts_) {
      if (script.steps.empty()) continue;
      const auto& view = script.now();
      if (view.state == payment::State::settled || view.state == payment::State::parked) continue;
      const bool open = view.state == payment::State::attempting;
      expected.push_back({script.steps.front().order,
                          fmt::format("{} {} {}", view.id.to_string(), view.attempts_made,
                                      open ? view.requested_at->value : 0)});
    }
    std::ranges::sort(expected);
    auto taken = process_.adopted;
    if (!in_order_) {
      std::ranges::sort(expected, {}, &std::pair<std::uint64_t, std::string>::second);
      std::ranges::sort(taken, {}, &OpenPayment::id);
    }
    ASSERT_EQ(taken.size(), expected.size()) << "seed " << seed_;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const auto& open = taken[i];
      EXPECT_EQ(fmt::format("{} {} {}", open.id.to_string(), open.attempts_made,
                            open.unanswered ? open.unanswered->requested_at.value : 0),
                expected[i].second)
          << "seed " << seed_;
    }
  }

  StoreProcess process_;
  const std::uint64_t seed_;
  std::vector<Script> scripts_;
  std::uint64_t order_ = 0;
  std::int64_t clock_ = 0;
  bool power_may_fail_ = true;
  // Payments are accepted in the order of the calls: none waits for a look at the disk.
  const bool in_order_ = seed_ % 2 == 0;
  bool disk_is_full_ = false;   // in the life that has ended last
  bool disk_was_full_ = false;  // in any
};

TEST(Crash, Protocol4WhatCompletedIsKeptAndNothingElseAppearsOverManyLives) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Story(seed).run();
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace payswitch::store::embedded
