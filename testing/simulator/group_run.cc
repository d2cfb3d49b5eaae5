#include "testing/simulator/group_run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "testing/simulator/clients.h"
#include "testing/simulator/group_fault_plan.h"
#include "testing/simulator/group_referee.h"
#include "testing/simulator/processor.h"
#include "testing/simulator/redis.h"
#include "testing/simulator/virtual_switch.h"

namespace payswitch::lab::simulator {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto longest_downtime = milliseconds(500);
constexpr auto longest_sleep = seconds(40);
constexpr auto answering_time = seconds(1);
constexpr auto rewriting_time = seconds(2);
constexpr auto draining_time = seconds(180);
constexpr auto look_every = milliseconds(200);
constexpr std::size_t final_windows = 30;

class GroupRun {
 public:
  explicit GroupRun(const RunOptions& options);

  Outcome play();

 private:
  struct Instance {
    std::unique_ptr<VirtualSwitch> process;
    bool is_asleep = false;
    bool has_new_configuration = false;
    std::uint64_t life = 0;
    std::chrono::milliseconds wall_is_ahead{0};
  };

  // -- faults of the instances -----------------------------------------------------------------
  void start(std::size_t which);
  void set_wall_clock(Instance& instance);
  void kill(std::size_t which);
  void put_to_sleep(std::size_t which);
  void wake_up(std::size_t which);
  void trouble_the_instances();
  VirtualSwitch* somebody();
  // -- the end --------------------------------------------------------------------------------
  void step();
  void run_for(platform::Duration span);
  void calm();
  void deploy_the_new_configuration();
  bool is_available_everywhere() const;
  std::string open_work();
  void drain();
  void audit();
  bool is_over() const { return referee_.violation().has_value(); }

  World world_;
  SeededRandom seeds_;
  SeededRandom random_;
  SeededRandom switch_random_;
  GroupFaultPlan plan_;
  Trace trace_;
  TracedLog log_;
  UnsteadyRedis redis_;
  GroupReferee referee_;
  std::vector<std::unique_ptr<UnsteadyProcessor>> processors_;
  std::vector<Instance> instances_;
  Clients clients_;
  bool is_calm_ = false;
  Outcome outcome_;
};

GroupFaultPlan fault_plan_from(SeededRandom& seeds) {
  SeededRandom random(seeds.next());
  return draw_group_fault_plan(random);
}

// What it may lose is written again by those who live (PROTOCOL 7.5): only where they die or sleep
// in that time, or where more is lost than they remember, nothing is promised.
bool is_bounded(const GroupFaultPlan& plan) {
  if (!plan.redis.may_forget()) return false;
  return plan.instances_die || plan.instances_sleep || plan.redis.goes_away || plan.redis.stops ||
         plan.redis.settings.keeps == RedisKeeps::snapshots;
}

GroupRun::GroupRun(const RunOptions& options)
    : seeds_(options.seed),
      random_(seeds_.next()),
      switch_random_(seeds_.next()),
      plan_(fault_plan_from(seeds_)),
      trace_(world_, options.trace),
      log_(trace_),
      redis_(world_, seeds_.next(), plan_.redis,
             [this](const std::string& line) { trace_.say("redis: {}", line); }),
      referee_(world_, trace_, is_bounded(plan_), plan_.redis.may_forget(),
               plan_.plan.settings.max_processing_time),
      instances_(plan_.instances),
      clients_(world_, seeds_.next(), plan_.plan, referee_, trace_, options.payments,
               [this] { return somebody(); }) {
  for (std::size_t i = 0; i < plan_.plan.processors; ++i) {
    processors_.push_back(
        std::make_unique<UnsteadyProcessor>(world_, seeds_.next(), i, plan_.plan, referee_));
  }
  // Drawn last, so that the other runs stay what they were.
  SeededRandom random(seeds_.next());
  plan_.configurations_differ = random.one_in(3);
  if (plan_.configurations_differ) {
    processors_.push_back(std::make_unique<UnsteadyProcessor>(
        world_, seeds_.next(), processors_.size(), plan_.plan, referee_));
  }
  trace_.say("seed {}, {} payments: {}", options.seed, options.payments, describe(plan_));
}

Outcome GroupRun::play() {
  for (std::size_t which = 0; which < instances_.size(); ++which) start(which);
  trouble_the_instances();
  redis_.start();
  clients_.start();
  while (!clients_.have_paid() && !is_over()) step();
  calm();
  drain();
  audit();
  outcome_.violation = referee_.violation();
  outcome_.payments = referee_.payments();
  outcome_.promises = referee_.promises();
  outcome_.bookings = referee_.bookings();
  outcome_.virtual_time = world_.now().time_since_epoch();
  for (const auto& processor : processors_) {
    for (std::size_t i = 0; i < profile_count; ++i) {
      outcome_.posts_by_profile[i] += processor->posts_by_profile()[i];
    }
  }
  for (Instance& instance : instances_) instance.process.reset();
  return outcome_;
}

// -- faults of the instances ---------------------------------------------------------------------

void GroupRun::start(std::size_t which) {
  if (instances_[which].process) return;
  std::vector<Origin*> origins;
  for (const auto& processor : processors_) origins.push_back(processor.get());
  set_wall_clock(instances_[which]);
  SwitchSettings settings = plan_.plan.settings;
  if (plan_.configurations_differ) {
    const bool is_new = is_calm_ || random_.one_in(2);
    instances_[which].has_new_configuration = is_new;
    if (!is_new) origins.back() = nullptr;
    if (is_new) settings.max_in_flight = std::max(1u, settings.max_in_flight / 2);
    trace_.say("instance {} has the {} configuration", which, is_new ? "new" : "old");
  }
  instances_[which].process =
      VirtualSwitch::join({.world = world_,
                           .redis = &redis_.redis(),
                           .random = switch_random_,
                           .log = log_,
                           .processors = std::move(origins),
                           .wall_is_ahead = instances_[which].wall_is_ahead},
                          settings);
  instances_[which].is_asleep = false;
  ++instances_[which].life;
  ++outcome_.lives;
  trace_.say("instance {} started", which);
}

void GroupRun::set_wall_clock(Instance& instance) {
  if (instance.life > 0 && !random_.one_in(4)) return;
  const auto most = plan_.walls_differ_by;
  instance.wall_is_ahead = std::chrono::duration_cast<milliseconds>(between(random_, -most, most));
}

void GroupRun::kill(std::size_t which) {
  if (!instances_[which].process) return;
  trace_.say("instance {}: kill -9", which);
  ++outcome_.kills;
  instances_[which].process.reset();
  world_.after(between(random_, milliseconds(1), longest_downtime),
               [this, which] { start(which); });
}

void GroupRun::put_to_sleep(std::size_t which) {
  Instance& instance = instances_[which];
  if (!instance.process || instance.is_asleep) return;
  trace_.say("instance {} falls asleep", which);
  ++outcome_.sleeps;
  instance.is_asleep = true;
  instance.process->sleep();
  world_.after(between(random_, milliseconds(10), longest_sleep),
               [this, which, life = instance.life] {
                 if (instances_[which].life == life) wake_up(which);
               });
}

void GroupRun::wake_up(std::size_t which) {
  Instance& instance = instances_[which];
  if (!instance.process || !std::exchange(instance.is_asleep, false)) return;
  trace_.say("instance {} wakes up", which);
  instance.process->wake_up();
}

void GroupRun::trouble_the_instances() {
  const auto pause = 2 * plan_.redis.pause;
  world_.after(between(random_, milliseconds(1), pause), [this] {
    if (is_calm_) return;
    const bool all = random_.one_in(8);
    for (std::size_t which = 0; which < instances_.size(); ++which) {
      if (!all && !random_.one_in(instances_.size())) continue;
      if (plan_.instances_die && random_.one_in(2)) {
        kill(which);
      } else if (plan_.instances_sleep) {
        put_to_sleep(which);
      }
    }
    trouble_the_instances();
  });
}

// Also one that is asleep: the request waits.
VirtualSwitch* GroupRun::somebody() {
  VirtualSwitch* process = instances_[random_.below(instances_.size())].process.get();
  return process && process->is_open() ? process : nullptr;
}

// -- the end --------------------------------------------------------------------------------------

void GroupRun::step() {
  if (!world_.step()) return referee_.accuse("the world stands still");
  ++outcome_.steps;
}

void GroupRun::run_for(platform::Duration span) {
  const auto end = world_.now() + span;
  bool is_time = false;
  world_.after(span, [&is_time] { is_time = true; });
  while (!is_time && !is_over()) step();
  if (is_over()) world_.run_until(end);  // what refers to this frame has run
}

void GroupRun::calm() {
  trace_.say("calm");
  is_calm_ = true;
  for (const auto& processor : processors_) processor->calm();
  redis_.calm();
  for (std::size_t which = 0; which < instances_.size(); ++which) wake_up(which);
  run_for(longest_downtime);
  if (plan_.configurations_differ) deploy_the_new_configuration();
}

// What is open at a processor that only some instances have waits for one of those. A deployment
// waits for Redis to be back everywhere, and for what was written to it again: an instance that
// ends before that takes with it what a failover has lost, and nothing is promised of it.
void GroupRun::deploy_the_new_configuration() {
  const auto deadline = world_.now() + draining_time;
  while (!is_over() && !is_available_everywhere() && world_.now() < deadline) run_for(look_every);
  if (!is_over()) run_for(rewriting_time);
  for (std::size_t which = 0; which < instances_.size(); ++which) {
    if (!instances_[which].has_new_configuration) kill(which);
  }
  if (!is_over()) run_for(longest_downtime);
}

bool GroupRun::is_available_everywhere() const {
  return std::ranges::all_of(instances_, [](const Instance& each) {
    return !each.process || each.process->store().is_available();
  });
}

// What is still open, at work or by Redis' word; nothing when all is drained.
std::string GroupRun::open_work() {
  std::string open;
  for (std::size_t which = 0; which < instances_.size(); ++which) {
    const auto& process = instances_[which].process;
    const std::string work = process ? process->open_work() : "down";
    if (!work.empty()) open += fmt::format("; instance {}: {}", which, work);
    // Until Redis is whole again, what is not found may be 503.
    if (process && !process->store().is_available()) {
      open += fmt::format("; instance {}: the store is away", which);
    }
  }
  for (unsigned shard = 0; shard < store::shared::shard_count; ++shard) {
    const std::string owners = store::shared::shard_key(shard, store::shared::owners);
    const std::string_view words[] = {"HKEYS", owners};
    for (const auto& owner : redis_.redis().run(words).elements) {
      const std::string own = store::shared::shard_key(shard, store::shared::own, owner.text);
      const std::string_view count[] = {"SCARD", own};
      const auto payments = redis_.redis().run(count).integer;
      if (payments > 0) open += fmt::format("; {} has {} in shard {}", owner.text, payments, shard);
    }
  }
  return open;
}

void GroupRun::drain() {
  const auto lateness = 2 * plan_.plan.settings.hang_up;
  const auto deadline = world_.now() + 2 * lateness + draining_time;
  while (!is_over() && !open_work().empty() && world_.now() < deadline) run_for(look_every);
  if (const auto open = open_work(); !is_over() && !open.empty()) {
    referee_.accuse("not drained" + open);
  }
  if (!is_over()) run_for(lateness);  // what lands late, lands now
}

void GroupRun::audit() {
  referee_.expect_equality();
  for (int times = 0; times < 2 && !is_over(); ++times) {
    for (std::uint32_t n = 0; n < referee_.payments(); ++n) {
      if (referee_.is_promised(n)) clients_.ask_for_status(n);
    }
    clients_.ask_for_sums({});
    for (std::size_t i = 0; i < final_windows; ++i) clients_.ask_for_sums(clients_.some_window());
    clients_.ask_by_every_route(false);  // the virtual Redis has no SCAN
    run_for(answering_time);
    if (!is_over()) clients_.expect_every_route_answered();
  }
  if (!is_over()) referee_.expect_everything_charged();
  if (redis_.redis().scripts_that_failed_halfway() > 0) {
    referee_.accuse("a script failed after it had written");
  }
}

}  // namespace

Outcome run_group(const RunOptions& options) {
  return GroupRun(options).play();
}

}  // namespace payswitch::lab::simulator
