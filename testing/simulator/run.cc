#include "testing/simulator/run.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "testing/simulator/clean_stop.h"
#include "testing/simulator/clients.h"
#include "testing/simulator/elsewhere.h"
#include "testing/simulator/operator.h"
#include "testing/simulator/processor.h"
#include "testing/simulator/referee.h"
#include "testing/simulator/virtual_switch.h"
#include "testing/world/disk.h"

namespace payswitch::lab::simulator {

namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto shortest_downtime = milliseconds(1);
constexpr auto longest_downtime = milliseconds(500);
constexpr auto answering_time = milliseconds(10);
constexpr auto look_again = milliseconds(10);
constexpr auto repeating_time = seconds(60);
constexpr auto draining_time = seconds(60);  // beside what late answers take
constexpr std::size_t final_windows = 30;
constexpr std::uint64_t sealing_steps_between_deaths = 20;

class Run {
 public:
  explicit Run(const RunOptions& options);

  Outcome play();

 private:
  void hire_the_operator();
  // -- faults of the process -----------------------------------------------------------------
  void start();
  VirtualSwitch::Seams seams(std::vector<std::string> origins);
  void start_elsewhere(const SwitchSettings& settings);
  void step();
  void die();
  void stop();
  void end_cleanly();
  void start_damaged();
  void end_process(bool by_power_cut);
  void draw_next_death();
  void draw_next_death_in_sealing();
  void restart_now_and_then();
  // -- faults of its world -------------------------------------------------------------------
  void trouble_the_disk();
  void fill_the_disk();
  void make_room();
  void trouble_the_clock();
  // -- the end --------------------------------------------------------------------------------
  void calm();
  std::string open_work() const;
  void drain();
  void audit();
  bool is_over() const { return referee_.violation().has_value(); }
  void run_for(platform::Duration span);

  World world_;
  SeededRandom seeds_;   // one for each of the others, so that they do not shift each other
  SeededRandom random_;  // of the run itself
  SeededRandom disk_chance_;
  SeededRandom switch_random_;
  std::optional<SeededRandom> room_random_;  // of how full the disk is
  FaultPlan plan_;
  Trace trace_;
  TracedLog log_;
  VirtualDisk disk_;
  Referee referee_;
  std::vector<std::unique_ptr<UnsteadyProcessor>> processors_;
  Clients clients_;
  std::optional<Operator> operator_;
  OperatorPlan acts_;
  std::unique_ptr<VirtualSwitch> process_;
  bool journal_failed_ = false;
  bool has_stopped_ = false;
  bool is_calm_ = false;
  std::uint64_t next_death_ = 0;             // the step
  std::uint64_t next_death_in_sealing_ = 0;  // the step of sealing
  Outcome outcome_;
};

FaultPlan fault_plan_from(SeededRandom& seeds) {
  SeededRandom random(seeds.next());
  return draw_fault_plan(random);
}

Run::Run(const RunOptions& options)
    : seeds_(options.seed),
      random_(seeds_.next()),
      disk_chance_(seeds_.next()),
      switch_random_(seeds_.next()),
      plan_(fault_plan_from(seeds_)),
      trace_(world_, options.trace),
      log_(trace_),
      disk_(world_, disk_chance_),
      referee_(world_, plan_, trace_),
      clients_(world_, seeds_.next(), plan_, referee_, trace_, options.payments,
               [this] { return process_.get(); }) {
  for (std::size_t i = 0; i < plan_.processors; ++i) {
    processors_.push_back(
        std::make_unique<UnsteadyProcessor>(world_, seeds_.next(), i, plan_, referee_));
  }
  hire_the_operator();
  trace_.say("seed {}, {} payments: {}{}", options.seed, options.payments, describe(plan_),
             describe(acts_));
}

void Run::hire_the_operator() {
  SeededRandom random(seeds_.next());
  acts_ = draw_operator_plan(random);
  operator_.emplace(Operator::Seams{world_, plan_, disk_, referee_, clients_, trace_, processors_},
                    seeds_.next(), acts_);
  // Those that may be added.
  for (std::size_t i = plan_.processors; acts_.changes_processors && i < max_processors; ++i) {
    processors_.push_back(
        std::make_unique<UnsteadyProcessor>(world_, seeds_.next(), i, plan_, referee_));
  }
  room_random_.emplace(seeds_.next());
}

Outcome Run::play() {
  start();
  draw_next_death();
  draw_next_death_in_sealing();
  trouble_the_disk();
  if (plan_.wall_jumps) trouble_the_clock();
  if (acts_.any()) restart_now_and_then();
  clients_.start();
  while (!clients_.have_paid() && !is_over()) step();
  const auto deadline = world_.now() + repeating_time;
  while (!clients_.have_repeated() && !is_over() && world_.now() < deadline) step();
  calm();
  drain();
  audit();
  outcome_.violation = referee_.violation();
  outcome_.payments = referee_.payments();
  outcome_.promises = referee_.promises();
  outcome_.bookings = referee_.bookings();
  outcome_.sealed_files = disk_.counts().makes;
  outcome_.look_ups = disk_.counts().look_ups;
  outcome_.virtual_time = world_.now().time_since_epoch();
  for (const auto& processor : processors_) {
    for (std::size_t i = 0; i < profile_count; ++i) {
      outcome_.posts_by_profile[i] += processor->posts_by_profile()[i];
    }
  }
  process_.reset();
  return outcome_;
}

// -- faults of the process -----------------------------------------------------------------------

VirtualSwitch::Seams Run::seams(std::vector<std::string> origins) {
  return {.world = world_,
          .disk = &disk_,
          .random = switch_random_,
          .log = log_,
          .processors = operator_->processors(),
          .origins = std::move(origins)};
}

// By an operator who has a processor at another place, where something may be charged.
void Run::start_elsewhere(const SwitchSettings& settings) {
  const auto wrong = referee_.surely_unanswered_at();
  if (!wrong || !operator_->has(*wrong) || random_.one_in(2)) return;
  const auto started =
      VirtualSwitch::start(seams(origins_elsewhere(processors_.size(), *wrong, random_)), settings,
                           [](const std::string&) {});
  ++outcome_.wrong_places;
  if (started) return referee_.accuse("it starts with a processor at another place");
  trace_.say("refused: {}", started.error());
  disk_.kill();
}

void Run::start() {
  if (process_) return;
  if (!operator_->prepare_start()) {
    world_.after(look_again, [this] { start(); });
    return;
  }
  const bool is_cut =
      !is_calm_ && plan_.dies_in_recovery && plan_.death != Death::none && random_.one_in(2);
  disk_.set_capacity(std::numeric_limits<std::uint64_t>::max());  // a start needs room, and says so
  const SwitchSettings settings = operator_->settings();
  if (!is_calm_ && plan_.operator_errs_about_places) start_elsewhere(settings);
  if (is_cut) disk_.stop_in_replace_after(random_.below(4));
  auto started = VirtualSwitch::start(seams(origins_of(processors_.size())), settings,
                                      [this](const std::string& line) {
                                        trace_.say("the journal failed: {}", line);
                                        journal_failed_ = true;
                                      });
  if (started) {
    process_ = std::move(*started);
    ++outcome_.lives;
    trace_.say("started, life {}", outcome_.lives);
    operator_->started();
    return referee_.started(settings.max_in_flight);
  }
  if (!is_cut) return referee_.accuse("it does not start: " + started.error());
  ++outcome_.cut_recoveries;
  die();
}

void Run::step() {
  if (!world_.step()) return referee_.accuse("the world stands still");
  ++outcome_.steps;
  if (std::exchange(journal_failed_, false)) {
    ++outcome_.journal_failures;
    return end_process(false);
  }
  if (std::exchange(has_stopped_, false)) return end_cleanly();
  if (!is_calm_ && plan_.death != Death::none && outcome_.steps >= next_death_) {
    if (process_) plan_.stops_cleanly&& random_.one_in(3) ? stop() : die();
    draw_next_death();
  }
  const bool is_due = disk_.counts().sealing_steps >= next_death_in_sealing_;
  if (!is_calm_ && plan_.dies_in_sealing && is_due) {
    if (process_) {
      ++outcome_.deaths_in_sealing;
      die();
    }
    draw_next_death_in_sealing();
  }
}

void Run::draw_next_death_in_sealing() {
  next_death_in_sealing_ =
      disk_.counts().sealing_steps + 1 + random_.below(2 * sealing_steps_between_deaths);
}

void Run::draw_next_death() {
  next_death_ = outcome_.steps + 1 + random_.below(2 * plan_.steps_between_deaths);
}

void Run::die() {
  const bool by_power_cut =
      plan_.death == Death::power_cut || (plan_.death == Death::either && random_.one_in(2));
  end_process(by_power_cut && operator_->may_lose_power());
}

void Run::restart_now_and_then() {
  world_.after(operator_->next_restart(), [this] {
    if (is_calm_) return;
    if (process_) {
      trace_.say("the operator ends the process");
      end_process(false);
    }
    restart_now_and_then();
  });
}

void Run::stop() {
  trace_.say("a clean stop");
  process_->stop([this] { has_stopped_ = true; });
}

void Run::end_cleanly() {
  ++outcome_.clean_stops;
  const bool by_power_cut =
      (plan_.death == Death::power_cut || plan_.death == Death::either) && random_.one_in(2);
  end_process(by_power_cut && operator_->may_lose_power());
  if (operator_->may_lose_power() && random_.one_in(2)) start_damaged();
}

// PROTOCOL 4.2: what a clean stop has left is known to have been durable.
void Run::start_damaged() {
  const auto flipped = flip_before_the_end_mark(disk_, random_);
  if (!flipped) return;
  const auto started = VirtualSwitch::start(seams(origins_of(processors_.size())),
                                            operator_->settings(), [](const std::string&) {});
  ++outcome_.damaged_ends;
  if (started) return referee_.accuse("damage before a clean stop is taken for a torn tail");
  trace_.say("refused: {}", started.error());
  disk_.kill();
  flip(disk_, *flipped);
}

void Run::end_process(bool by_power_cut) {
  has_stopped_ = false;
  trace_.say("{}", by_power_cut ? "power cut" : "kill -9");
  ++(by_power_cut ? outcome_.power_cuts : outcome_.kills);
  if (process_) operator_->ends(process_->dispatcher().asking_first());
  by_power_cut ? disk_.power_cut() : disk_.kill();
  process_.reset();
  world_.after(between(random_, shortest_downtime, longest_downtime), [this] { start(); });
}

// -- faults of its world -------------------------------------------------------------------------

void Run::trouble_the_disk() {
  if (is_calm_) return;
  DiskTimes times;
  if (plan_.sealing_is_slow) times.make = between(random_, milliseconds(1), seconds(1));
  disk_.set_times(times);
  make_room();
  disk_.run_out_of_descriptors(false);
  if (plan_.disk_is_slow && random_.one_in(3)) {
    times.write = milliseconds(1);
    times.sync = between(random_, milliseconds(1), seconds(1));
    times.prepare = between(random_, milliseconds(1), seconds(2));
    times.look_up = between(random_, milliseconds(1), milliseconds(100));
    disk_.set_times(times);
  }
  if (plan_.disk_fills_up && random_.one_in(3)) {
    ++outcome_.full_disks;
    fill_the_disk();
  }
  if (plan_.descriptors_run_out && process_ && random_.one_in(3)) {
    ++outcome_.descriptor_shortages;
    trace_.say("no file can be opened");
    disk_.run_out_of_descriptors(true);
  }
  if (plan_.disk_fails && random_.one_in(6)) disk_.fail_appends_after(random_.below(30));
  world_.after(between(random_, milliseconds(50), seconds(3)), [this] { trouble_the_disk(); });
}

// Either no segment can be prepared, or nothing more can be written than was removed.
void Run::fill_the_disk() {
  const bool to_the_byte = process_ && room_random_->one_in(2);
  trace_.say("the disk is full{}", to_the_byte ? " to the byte" : "");
  to_the_byte ? disk_.set_capacity(disk_.used()) : disk_.fail_prepares(true);
}

void Run::make_room() {
  disk_.fail_prepares(false);
  disk_.set_capacity(std::numeric_limits<std::uint64_t>::max());
}

void Run::trouble_the_clock() {
  world_.after(between(random_, milliseconds(50), seconds(10)), [this] {
    if (is_calm_) return;
    referee_.wall_jumps();
    const auto span = random_.one_in(2) ? milliseconds(hours(1)) : milliseconds(2'000);
    const auto by = between(random_, -span, span) / milliseconds(1);
    trace_.say("the wall clock jumps by {} ms", by);
    ++outcome_.wall_jumps;
    world_.set_wall({world_.wall().value + by});
    referee_.wall_jumps();
    trouble_the_clock();
  });
}

// -- the end --------------------------------------------------------------------------------------

void Run::run_for(platform::Duration span) {
  const auto end = world_.now() + span;
  bool is_time = false;
  world_.after(span, [&is_time] { is_time = true; });
  while (!is_time && !is_over()) step();
  if (is_over()) world_.run_until(end);  // what refers to this frame has run
}

void Run::calm() {
  trace_.say("calm");
  is_calm_ = true;
  disk_.set_times({});
  make_room();
  disk_.fail_appends_after(std::numeric_limits<std::uint64_t>::max());
  disk_.run_out_of_descriptors(false);
  for (const auto& processor : processors_) processor->calm();
  const bool has_another_configuration = operator_->calm();
  if (process_ && has_another_configuration) end_process(false);
  if (!process_) run_for(longest_downtime);
}

std::string Run::open_work() const {
  if (!process_) return "the process is down";
  if (!clients_.have_repeated()) return "clients repeat what they paid";
  return process_->open_work();
}

void Run::drain() {
  const auto lateness = 2 * plan_.settings.hang_up;
  const auto deadline = world_.now() + lateness + plan_.settings.hang_up + draining_time;
  while (!is_over() && !open_work().empty() && world_.now() < deadline) step();
  if (const auto open = open_work(); !is_over() && !open.empty()) {
    referee_.accuse("not drained: " + open);
  }
  if (!is_over()) run_for(lateness);  // what lands late, lands now
}

// Everything once more, and again after a last death: what is told now stays.
void Run::audit() {
  referee_.expect_equality();
  for (int life = 0; life < 2 && !is_over(); ++life) {
    for (std::uint32_t n = 0; n < referee_.payments(); ++n) {
      if (referee_.is_promised(n)) clients_.ask_for_status(n);
    }
    clients_.ask_for_sums({});
    for (std::size_t i = 0; i < final_windows; ++i) clients_.ask_for_sums(clients_.some_window());
    clients_.ask_by_every_route();
    run_for(answering_time);
    if (!is_over()) clients_.expect_every_route_answered();
    if (is_over() || life > 0 || plan_.death == Death::none) break;
    die();
    run_for(longest_downtime);
  }
  if (!is_over()) referee_.expect_everything_charged();
}

}  // namespace

void Outcome::add(const Outcome& other) {
  payments += other.payments;
  promises += other.promises;
  bookings += other.bookings;
  lives += other.lives;
  kills += other.kills;
  sleeps += other.sleeps;
  power_cuts += other.power_cuts;
  cut_recoveries += other.cut_recoveries;
  journal_failures += other.journal_failures;
  full_disks += other.full_disks;
  descriptor_shortages += other.descriptor_shortages;
  sealed_files += other.sealed_files;
  deaths_in_sealing += other.deaths_in_sealing;
  look_ups += other.look_ups;
  wall_jumps += other.wall_jumps;
  wrong_places += other.wrong_places;
  clean_stops += other.clean_stops;
  damaged_ends += other.damaged_ends;
  steps += other.steps;
  virtual_time += other.virtual_time;
  for (std::size_t i = 0; i < profile_count; ++i) posts_by_profile[i] += other.posts_by_profile[i];
}

Outcome run(const RunOptions& options) {
  return Run(options).play();
}

}  // namespace payswitch::lab::simulator
