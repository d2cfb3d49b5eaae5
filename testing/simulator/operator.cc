#include "testing/simulator/operator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace payswitch::lab::simulator {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

OperatorPlan draw_operator_plan(SeededRandom& random) {
  OperatorPlan plan;
  constexpr std::array pauses = {milliseconds(200), milliseconds(2'000), milliseconds(10'000)};
  plan.pause = pauses[random.below(pauses.size())];
  if (random.one_in(2)) return plan;
  plan.changes_processors = random.one_in(2);
  plan.changes_options = random.one_in(2);
  plan.restores = random.one_in(2);
  plan.sets_clock_back = random.one_in(3);
  return plan;
}

std::string describe(const OperatorPlan& plan) {
  std::vector<std::string_view> acts;
  if (plan.changes_processors) acts.push_back("changes processors");
  if (plan.changes_options) acts.push_back("changes options");
  if (plan.restores) acts.push_back("restores copies");
  if (plan.sets_clock_back) acts.push_back("sets the clock back");
  if (acts.empty()) return {};
  return fmt::format("; an operator {}, every {} ms", fmt::join(acts, ", "),
                     plan.pause / milliseconds(1));
}

Operator::Operator(const Seams& seams, std::uint64_t seed, const OperatorPlan& plan)
    : seams_(seams),
      random_(seed),
      plan_(plan),
      settings_(seams.plan.settings),
      is_safe_(settings_.store.durability == platform::Durability::fsync) {
  for (std::size_t i = 0; i < seams.plan.processors; ++i) has_[i] = had_[i] = true;
}

platform::Duration Operator::next_restart() {
  return between(random_, milliseconds(10), 2 * plan_.pause);
}

bool Operator::prepare_start() {
  if (!is_calm_ && !std::exchange(has_acted_, true)) {
    // A processor that is not configured is not asked (docs/runbook.md).
    if (plan_.changes_processors && !is_restored_ && random_.one_in(2)) change_processors();
    if (plan_.changes_options && random_.one_in(2)) change_options();
    if (plan_.sets_clock_back && random_.one_in(3)) set_clock_back();
    if (plan_.restores) copy_or_restore();
  }
  if (restoring_ && !finish_restoring()) return false;
  // What is in the page cache alone is promised when a start with fsync has come to its end.
  if (settings_.store.durability != platform::Durability::fsync) is_safe_ = false;
  return true;
}

void Operator::started() {
  has_acted_ = false;
  is_safe_ = settings_.store.durability == platform::Durability::fsync;
  if (said_ == store::Restored::done) is_restored_ = false;
  said_ = store::Restored::unset;
}

SwitchSettings Operator::settings() const {
  SwitchSettings settings = settings_;
  settings.store.restored = said_;
  return settings;
}

std::vector<Origin*> Operator::processors() const {
  std::vector<Origin*> origins;
  for (std::size_t i = 0; i < seams_.processors.size(); ++i) {
    origins.push_back(has_[i] ? seams_.processors[i].get() : nullptr);
  }
  return origins;
}

void Operator::change_processors() {
  const auto which = random_.below(seams_.processors.size());
  const auto configured = std::ranges::count(has_, true);
  // With none at all payments are kept, and not sent: seldom.
  if (has_[which] && configured == 1 && !random_.one_in(8)) return;
  has_[which] = !has_[which];
  had_[which] |= has_[which];
  seams_.trace.say("the operator {} {}", has_[which] ? "adds" : "removes", processor_names[which]);
}

void Operator::change_options() {
  using platform::Durability;
  constexpr std::array patiences = {milliseconds(0), milliseconds(300), milliseconds(10'000)};
  constexpr std::array in_flight = {1u, 10u, 800u};
  settings_.policy.patience = patiences[random_.below(patiences.size())];
  settings_.max_in_flight = in_flight[random_.below(in_flight.size())];
  if (random_.one_in(2)) {
    settings_.store.durability =
        settings_.store.durability == Durability::fsync ? Durability::os : Durability::fsync;
  }
  // The word that nothing is booked later than that stays true when it is not given, or more is.
  const auto& word = seams_.plan.settings.max_processing_time;
  if (word) {
    const std::array<std::optional<milliseconds>, 3> words = {std::nullopt, *word, 2 * *word};
    settings_.max_processing_time = words[random_.below(words.size())];
  }
  seams_.trace.say(
      "the operator sets durability {}, patience {} ms, max_in_flight {}, {}",
      to_string(settings_.store.durability), settings_.policy.patience / milliseconds(1),
      settings_.max_in_flight,
      settings_.max_processing_time
          ? fmt::format("max_processing_time {} ms", settings_.max_processing_time->count())
          : "no max_processing_time");
}

void Operator::set_clock_back() {
  const auto by = between(random_, milliseconds(1), hours(1)) / milliseconds(1);
  seams_.trace.say("the operator sets the clock back by {} ms", by);
  seams_.referee.wall_jumps();
  seams_.world.set_wall({seams_.world.wall().value - by});
  seams_.referee.wall_jumps();
}

void Operator::copy_or_restore() {
  const bool nothing_is_left = seams_.clients.have_repeated() && asking_first_ == 0;
  if (is_restored_ && nothing_is_left && random_.one_in(2)) {
    seams_.trace.say("the operator says that nothing is repeated any more");
    said_ = store::Restored::done;
  }
  if (random_.one_in(3)) {
    seams_.trace.say("the operator copies the directory");
    copy_ = copy_of(seams_.disk);
    seams_.referee.copied();
  } else if (copy_ && random_.one_in(3)) {
    seams_.trace.say("the operator waits for the processors");
    restoring_ = true;
    seams_.clients.pause();
  }
}

// A request that is still under way is not seen by any question (PROTOCOL 3.5).
bool Operator::finish_restoring() {
  if (!is_calm_ && std::ranges::any_of(seams_.processors, [&](const auto& processor) {
        return !processor->is_quiet_since(seams_.world.now() - seconds(1));
      })) {
    return false;
  }
  restoring_ = false;
  seams_.clients.go_on();
  if (is_calm_) return true;
  seams_.trace.say("the operator restores the copy");
  restore(seams_.disk, *copy_);
  seams_.referee.restored();
  seams_.clients.repeat(seams_.referee.not_in_the_copy());
  said_ = store::Restored::on;
  is_restored_ = true;
  has_ = had_;
  return true;
}

bool Operator::calm() {
  is_calm_ = true;
  const bool changes = has_ != had_;
  has_ = had_;
  return changes;
}

}  // namespace payswitch::lab::simulator
