#include "store/shared/cluster/membership.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "redis/handshake.h"
#include "redis/refusal.h"
#include "store/shared/number.h"

namespace payswitch::store::shared {

namespace {

constexpr auto pause_after_a_stumble = std::chrono::seconds(1);
constexpr unsigned beats_per_lease = 10;
// While others have to write again what Redis has forgotten.
constexpr unsigned beats_per_lease_until_whole = 200;
constexpr unsigned oldest_version = 7;
constexpr double full = 0.9;

std::string new_name(platform::Random& random) {
  return fmt::format("{:016x}", random.next());
}

}  // namespace

Membership::Membership(const RedisOptions& options, const Options& configured, const Seams& seams,
                       Callbacks callbacks)
    : options_(options),
      processors_(configured.processors),
      seams_(seams),
      facts_(configured, options.lease, seams.scripts, seams.clock, seams.log,
             {.run = std::bind_front(&Membership::run, this),
              .say = std::bind_front(&Membership::say, this)}),
      callbacks_(std::move(callbacks)),
      wholeness_(options.lease),
      finality_(options.lease) {
  speaker_.process = new_name(seams_.random);
  speaker_.instance = new_name(seams_.random);
}

Membership::~Membership() {
  seams_.timers.cancel(timer_);
}

void Membership::start() {
  seams_.client.start({
      .connected = [this](const wire::Server& server) { connected(server); },
      .disconnected = [this](const std::string& why) { disconnected(why); },
      .refused = [this](const std::string& why) { refused(why); },
  });
}

// -- speaking -------------------------------------------------------------------------------------

wire::Client::Done Membership::expect(Replied then) {
  return [this, era = era_, alive = std::weak_ptr(alive_),
          then = std::move(then)](const std::expected<wire::Reply, wire::Failure>& reply) mutable {
    if (alive.expired() || era != era_ || !reply) return;
    if (reply->is_error()) return stumble(reply->text);
    then(*reply);
  };
}

void Membership::run(const wire::Script& script, const std::vector<std::string>& keys,
                     const std::vector<std::string>& arguments, Replied then) {
  const std::vector<std::string_view> key_views(keys.begin(), keys.end());
  const std::vector<std::string_view> argument_views(arguments.begin(), arguments.end());
  seams_.client.run(script, key_views, argument_views, expect(std::move(then)));
}

void Membership::say(const std::vector<std::string>& words, Replied then) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  seams_.client.command(views, expect(std::move(then)));
}

void Membership::stumble(const std::string& why) {
  if (state_ == State::away) return;
  if (!was_ready_ && wire::is_final(why)) return refused(why);
  if (was_ready_) {
    stumbled_.say(seams_.log, platform::Level::warn, seams_.clock.now(), "redis: {}; trying again",
                  why);
  }
  disconnected(why);
  timer_ = seams_.timers.after(pause_after_a_stumble, [this] {
    timer_ = platform::TimerId::none;
    if (seams_.client.connected()) begin_anew();
  });
}

// A replica that has become the master keeps its connections.
void Membership::begin_anew() {
  if (server_.role == "master") return connected(wire::Server(server_));
  state_ = State::joining;
  say({"INFO", "replication"}, [this](const wire::Reply& reply) {
    wire::Server server = server_;
    server.role = wire::info_field(reply.text, "role");
    connected(server);
  });
}

void Membership::disconnected(const std::string& why) {
  ++era_;
  takeovers_ = 0;
  seams_.timers.cancel(std::exchange(timer_, platform::TimerId::none));
  if (!was_ready_ && std::exchange(why_not_yet_, why) != why) {
    seams_.log.warn("waiting for redis: {}", why);
    callbacks_.waiting(why);
  }
  const bool was_ready = std::exchange(state_, State::away) == State::ready;
  declarations_.give_up();
  if (!was_ready) return;
  went_away_.say(seams_.log, platform::Level::warn, seams_.clock.now(), "redis is away: {}", why);
  facts_.away();
  callbacks_.away(why);
}

// Before we have joined there is nothing to see through, and an operator is there who can mend it.
void Membership::refused(const std::string& why) {
  if (was_ready_) return;
  ++era_;
  state_ = State::away;
  callbacks_.refused(fmt::format("redis: {}", why));
}

// -- joining --------------------------------------------------------------------------------------

void Membership::connected(const wire::Server& server) {
  ++era_;
  seams_.timers.cancel(std::exchange(timer_, platform::TimerId::none));
  state_ = State::joining;
  server_ = server;
  if (number_of(server.version) < oldest_version) {
    return refuse(fmt::format("redis is of version {}: {} is the oldest that will do",
                              server.version, oldest_version));
  }
  if (server.role != "master") return stumble(fmt::format("redis is a {}", server.role));
  const wire::Server before = std::exchange(last_master_, server);
  if (run_id_ != server.run_id) {
    has_forgotten_ = has_forgotten_ || run_id_.has_value();
    run_id_ = server.run_id;
    finality_.begin_anew();
    // Where no other one could take its place, it is the same one, started again.
    auto others = living_;
    std::erase(others, speaker_.instance);
    wholeness_.begin_run(before.syncs_always() && before.replicas == 0, others, seams_.clock.now());
    warn_of(server);
  }
  was_ready_ ? begin() : check_rights();
}

// Else the first payment would find out.
void Membership::check_rights() {
  run(seams_.scripts.rights, {meta_key("settings")}, {}, [this](const wire::Reply& reply) {
    if (reply.elements.empty()) return begin();
    std::vector<std::string_view> lacks;
    for (const wire::Reply& command : reply.elements) lacks.push_back(command.text);
    refused(
        fmt::format("our user may not run, or not on our keys (ps:*): {}", fmt::join(lacks, ", ")));
  });
}

// PROTOCOL 7.6.
void Membership::warn_of(const wire::Server& server) {
  if (server.appendonly == "no") {
    seams_.log.warn("redis: appendonly is no: a restart of Redis loses payments");
  } else if (!server.appendfsync.empty() && server.appendfsync != "always") {
    seams_.log.warn("redis: appendfsync is {}: a crash of Redis may lose its last writes",
                    server.appendfsync);
  }
  if (!server.maxmemory_policy.empty() && server.maxmemory_policy != "noeviction") {
    seams_.log.warn("redis: maxmemory-policy is {}: it may evict payments",
                    server.maxmemory_policy);
  }
}

// The names that we know come first: should Redis have forgotten them, they get their numbers
// again.
void Membership::begin() {
  std::vector<std::string> arguments{fmt::format("{}", shard_count),
                                     fmt::format("{}", payment::max_processors)};
  arguments.insert(arguments.end(), names_.begin(), names_.end());
  for (const Place& place : processors_) {
    if (std::ranges::find(names_, place.name) == names_.end()) arguments.push_back(place.name);
  }
  run(seams_.scripts.enroll, {meta_key("settings"), meta_key("names")}, arguments,
      [this](const wire::Reply& reply) { enrolled(reply); });
}

void Membership::enrolled(const wire::Reply& reply) {
  const std::string& shards = reply.elements.at(0).text;
  if (shards != fmt::format("{}", shard_count)) {
    return refuse(fmt::format("redis holds payments in {} shards, not in {}", shards, shard_count));
  }
  if (const auto count = reply.elements.at(1).integer; count > payment::max_processors) {
    return refuse(fmt::format("redis would know {} names of processors: {} is the limit", count,
                              payment::max_processors));
  }
  const auto before = std::exchange(names_, {});
  if (!learn_names(reply.elements.at(2))) {
    names_ = before;
    return refuse("redis holds something else where the names of the processors should be");
  }
  if (std::ranges::mismatch(before, names_).in1 != before.end()) {
    names_ = before;
    return refuse("redis numbers the processors otherwise than before: it has forgotten them");
  }
  agree_on_facts();
}

void Membership::agree_on_facts() {
  facts_.agree(
      {.name = speaker_.instance, .has_been_ready = was_ready_, .has_forgotten = has_forgotten_},
      names_,
      {.yes = [this] { first_beat(); },
       .no = [this](const std::string& line) { refuse(line); },
       .not_yet = [this](const std::string& why) { stumble(why); }});
}

// Once we have joined there are payments to see through: then it is waited for.
void Membership::refuse(const std::string& line) {
  was_ready_ ? stumble(line) : callbacks_.refused(line);
}

bool Membership::learn_names(const wire::Reply& names) {
  const auto& elements = names.elements;
  const std::size_t count = elements.size() / 2;
  if (count > payment::max_processors) return false;
  std::vector<std::string> read(count);
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    const auto number = number_of(elements[i + 1].text);
    if (number < 0 || number >= static_cast<std::int64_t>(count)) return false;
    read[static_cast<std::size_t>(number)] = elements[i].text;
  }
  if (std::ranges::find(read, std::string()) != read.end()) return false;
  if (count > names_.size()) names_ = std::move(read);
  return true;
}

void Membership::first_beat() {
  beat([this] {
    name_is_new_ = false;
    join_shards();
  });
}

void Membership::take_new_name() {
  if (!name_is_new_) {
    former_names_.push_back(speaker_.instance);
    callbacks_.renamed();
  }
  speaker_.instance = new_name(seams_.random);
  name_is_new_ = true;
  finality_.begin_anew();
}

void Membership::evicted() {
  if (state_ == State::away) return;
  take_new_name();
  stumble("our lease had run out");
}

void Membership::join_shards() {
  auto left = std::make_shared<unsigned>(shard_count);
  for (unsigned shard = 0; shard < shard_count; ++shard) {
    run(seams_.scripts.join, {shard_key(shard, owners)}, {speaker_.instance},
        [this, left](const wire::Reply&) {
          if (--*left == 0) retake();
        });
  }
}

void Membership::retake() {
  if (former_names_.empty()) return become_ready();
  take_over(former_names_.back(), every_shard(), [this] {
    former_names_.pop_back();
    retake();
  });
}

void Membership::become_ready() {
  state_ = State::ready;
  if (!std::exchange(was_ready_, true)) {
    seams_.log.info("redis {}: joined as {}", server_.version, speaker_.instance);
  } else {
    seams_.log.info("redis is back: joined as {}", speaker_.instance);
  }
  look_is_due_ = true;
  const bool has_forgotten = std::exchange(has_forgotten_, false);
  facts_.ready();
  callbacks_.ready(has_forgotten);
  if (has_forgotten) beat([] {});  // others wait to hear that all is written again
  beat_later();
}

// -- living ---------------------------------------------------------------------------------------

void Membership::beat_later() {
  const auto pause = options_.lease / (is_whole() ? beats_per_lease : beats_per_lease_until_whole);
  timer_ = seams_.timers.after(pause, [this] {
    timer_ = platform::TimerId::none;
    const auto now = seams_.clock.now();
    look_is_due_ = look_is_due_ || now - last_look_ >= options_.lease;
    const bool may_look = takeovers_ == 0 && wholeness_.has_lasted_a_lease(now);  // PROTOCOL 7.5
    if (look_is_due_ && may_look) {
      look();
    } else {
      beat([] {});
    }
    if (state_ == State::ready) beat_later();
  });
}

void Membership::beat(std::function<void()> then) {
  Report report;
  if (events_.report) report = events_.report();
  highest_ = std::max(highest_, report.next);
  run(seams_.scripts.beat,
      {meta_key("leases"), meta_key("settings"), meta_key("names"), meta_key("health"),
       meta_key("breakers"), meta_key("origins")},
      {speaker_.instance, fmt::format("{}", options_.lease / std::chrono::milliseconds(1)),
       name_is_new_ ? "1" : "0", fmt::format("{}", highest_.value),
       fmt::format("{} {} {} {}", report.open_mask, report.working_mask, report.next.value,
                   has_forgotten_ ? "-" : *run_id_)},
      [this, then = std::move(then), sent_at = seams_.clock.now(),
       next = report.next](const wire::Reply& reply) {
        if (reply.elements.at(0).integer == 0) return lease_ran_out();
        beaten_at_ = sent_at;
        if (learn(reply, next)) then();
      });
}

void Membership::lease_ran_out() {
  seams_.log.warn("redis: our lease had run out: going on under another name");
  take_new_name();
  const bool was_ready = state_ == State::ready;
  ++era_;
  takeovers_ = 0;
  seams_.timers.cancel(std::exchange(timer_, platform::TimerId::none));
  state_ = State::joining;
  facts_.away();
  declarations_.give_up();
  if (was_ready) callbacks_.away("our lease had run out");
  first_beat();
}

// False: it was no such reply, or we have a processor elsewhere than the group.
bool Membership::learn(const wire::Reply& reply, payment::UtcMs ours) {
  highest_ = std::max(highest_, {reply.elements.at(1).integer});
  std::vector<std::string> living;
  for (const wire::Reply& name : reply.elements.at(2).elements) living.push_back(name.text);
  const bool somebody_left = std::ranges::any_of(living_, [&](const std::string& name) {
    return std::ranges::find(living, name) == living.end();
  });
  look_is_due_ = look_is_due_ || somebody_left;
  living_ = std::move(living);
  if (events_.living) {
    events_.living(static_cast<std::uint32_t>(std::max<std::size_t>(living_.size(), 1)));
  }
  if (!learn_names(reply.elements.at(3))) {
    stumble("it holds something else where the names of the processors should be");
    return false;
  }
  const auto elsewhere = facts_.learn(names_, reply.elements.at(7), reply.elements.at(8));
  if (elsewhere) {
    refuse(*elsewhere);
    return false;
  }
  redis_now_ms_ = reply.elements.at(6).integer;
  redis_now_at_ = seams_.clock.now();
  learn_health(reply.elements.at(4));
  learn_breakers(reply.elements.at(5));
  learn_who_has_written(reply.elements.at(5));
  finality_.heard(ours, said_by_others(living_, speaker_.instance, reply.elements.at(5)),
                  seams_.clock.now());
  check_memory();
  if (events_.issued) events_.issued(highest_);
  return true;
}

void Membership::learn_health(const wire::Reply& health) {
  for (std::size_t i = 0; i + 1 < health.elements.size(); i += 2) {
    const std::string& field = health.elements[i].text;
    if (!field.starts_with("said:")) continue;
    const auto processor = static_cast<std::size_t>(number_of(std::string_view(field).substr(5)));
    const std::string& said = health.elements[i + 1].text;  // "failing:min_ms:when"
    const auto first = said.find(':');
    const auto second = said.find(':', first + 1);
    if (processor >= health_seen_.size() || second == std::string::npos) continue;
    const auto when = number_of(std::string_view(said).substr(second + 1));
    if (when <= std::exchange(health_seen_[processor], when) || !events_.health) continue;
    events_.health(
        static_cast<payment::ProcessorNumber>(processor),
        {.failing = said.starts_with('1'),
         .min_response_time = std::chrono::milliseconds(
             number_of(std::string_view(said).substr(first + 1, second - first - 1))),
         .age = std::chrono::milliseconds(std::max<std::int64_t>(0, redis_now_ms_ - when))});
  }
}

void Membership::learn_breakers(const wire::Reply& breakers) {
  std::uint32_t open = 0;
  std::uint32_t working = 0;
  for (std::size_t i = 0; i + 1 < breakers.elements.size(); i += 2) {
    if (breakers.elements[i].text == speaker_.instance) continue;
    const std::string_view said = breakers.elements[i + 1].text;  // "open working next run"
    open |= static_cast<std::uint32_t>(number_of(said));
    working |= static_cast<std::uint32_t>(
        number_of(said.substr(std::min(said.find(' ') + 1, said.size()))));
  }
  const std::uint32_t news = open & ~std::exchange(others_open_, open) & ~working;
  for (payment::ProcessorNumber number = 0; number < payment::max_processors; ++number) {
    if ((news >> number & 1) != 0 && events_.opened) events_.opened(number);
  }
}

void Membership::learn_who_has_written(const wire::Reply& news) {
  std::vector<std::string> written{speaker_.instance};
  for (std::size_t i = 0; i + 1 < news.elements.size(); i += 2) {
    if (news.elements[i + 1].text.ends_with(" " + *run_id_)) {
      written.push_back(news.elements[i].text);
    }
  }
  wholeness_.learn(living_, written, seams_.clock.now());
}

// PROTOCOL 7.2.
void Membership::check_memory() {
  if (server_.maxmemory == 0) return;
  say({"INFO", "memory"}, [this](const wire::Reply& reply) {
    const auto used = static_cast<double>(number_of(wire::info_field(reply.text, "used_memory")));
    const auto most = static_cast<double>(number_of(wire::info_field(reply.text, "maxmemory")));
    const bool was_full = std::exchange(is_full_, most > 0 && used >= full * most);
    if (is_full_ && !was_full) {
      seams_.log.error("redis uses nine tenths of its memory: no new payments are accepted");
    }
  });
}

// -- what is final --------------------------------------------------------------------------------

void Membership::confirm(payment::UtcMs told, Confirmed done) {
  if (!is_ready()) return done(std::nullopt);
  declarations_.add(told, std::move(done));
  declare();
}

void Membership::declare() {
  if (!declarations_.begin()) return;
  beat([this] {
    declarations_.end(finality_.until());
    declare();
  });
}

// -- Peers ----

void Membership::claim_poll(payment::ProcessorNumber processor, platform::Duration every,
                            Claimed done) {
  // Without Redis each goes on with what it knows: polls of its own would be one too many.
  if (!is_ready()) return done(every);
  const std::string key = meta_key("health");
  const std::string_view keys[] = {key};
  const std::string number = fmt::format("{}", processor);
  const std::string every_ms = fmt::format("{}", every / std::chrono::milliseconds(1));
  const std::string_view arguments[] = {number, every_ms};
  seams_.client.run(seams_.scripts.claim_poll, keys, arguments,
                    [every, done = std::move(done)](
                        const std::expected<wire::Reply, wire::Failure>& reply) mutable {
                      const bool is_answer = reply && reply->kind == wire::Reply::Kind::integer;
                      done(is_answer ? std::chrono::milliseconds(reply->integer) : every);
                    });
}

void Membership::tell_health(payment::ProcessorNumber processor, const Health& health) {
  if (!is_ready()) return;
  const auto when =
      redis_now_ms_ + (seams_.clock.now() - redis_now_at_) / std::chrono::milliseconds(1);
  health_seen_.at(processor) = when;
  run(seams_.scripts.tell_health, {meta_key("health")},
      {fmt::format("{}", processor),
       fmt::format("{}:{}:{}", health.failing ? 1 : 0, health.min_response_time.count(), when)},
      [](const wire::Reply&) {});
}

}  // namespace payswitch::store::shared
