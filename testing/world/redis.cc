#include "testing/world/redis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

constexpr platform::Duration a_second = std::chrono::seconds(1);

std::string draw_run_id(SeededRandom& random) {
  const std::string digits =
      fmt::format("{:016x}{:016x}{:016x}", random.next(), random.next(), random.next());
  return digits.substr(0, 40);
}

platform::Duration horizon_of(const RedisSettings& settings) {
  const bool may_lose_a_second = settings.keeps == RedisKeeps::all_but_a_second;
  return std::max(may_lose_a_second ? a_second : platform::Duration(0), settings.replica_lag);
}

}  // namespace

VirtualRedis::VirtualRedis(World& world, std::uint64_t seed, RedisSettings settings)
    : world_(world),
      random_(seed),
      settings_(settings),
      engine_(random_),
      run_id_(draw_run_id(random_)),
      started_at_(world.now()),
      clock_at_zero_us_(world.wall().value * 1'000 -
                        world.now().time_since_epoch() / std::chrono::microseconds(1)),
      replicas_in_step_(settings.replicas),
      horizon_(horizon_of(settings)) {
  assert(settings.replicas > 0 || settings.replica_lag == platform::Duration(0));
  if (horizon_ > platform::Duration(0)) engine_.collect_writes();
}

std::int64_t VirtualRedis::clock_us() const {
  return clock_at_zero_us_ + world_.now().time_since_epoch() / std::chrono::microseconds(1);
}

// -- the network --------------------------------------------------------------------------

platform::Duration VirtualRedis::draw(platform::Duration least, platform::Duration most) {
  if (least >= most) return least;
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return least + platform::Duration(static_cast<std::int64_t>(random_.below(span + 1)));
}

VirtualRedis::Connection VirtualRedis::connect(RedisConnection ends) {
  const auto connection = std::make_shared<RedisConnection>(std::move(ends));
  world_.after(draw(latency_.least_there, latency_.most_there),
               [this, connection] { accept(connection); });
  return connection;
}

void VirtualRedis::accept(const Connection& connection) {
  if (connection->is_hung_up || (is_away_ && is_silent_)) return;
  if (is_away_) {
    ++counts_.refused_connections;
    return close(connection, "Connection refused");
  }
  connection->is_open = true;
  connections_.push_back(connection);
  world_.after(draw(latency_.least_back, latency_.most_back), [connection] {
    if (connection->opened) connection->opened();
  });
}

void VirtualRedis::send(const Connection& connection, RedisWords commands) {
  connection->last_there = std::max(connection->last_there,
                                    world_.now() + draw(latency_.least_there, latency_.most_there));
  world_.after(connection->last_there - world_.now(),
               [this, connection, commands = std::move(commands), life = life_]() mutable {
                 if (life == life_) arrive(connection, std::move(commands));
               });
}

void VirtualRedis::hang_up(const Connection& connection) {
  connection->is_hung_up = true;
  connection->opened = nullptr;
  connection->replied = nullptr;
  connection->lost = nullptr;
  world_.after(std::max(latency_.most_there, connection->last_there - world_.now()),
               [this, connection] {
                 if (connection->inbox.empty()) std::erase(connections_, connection);
               });
}

void VirtualRedis::arrive(const Connection& connection, RedisWords commands) {
  const bool is_lost =
      !connection->is_open && connection->cut.value_or(RedisCut::before) == RedisCut::before;
  if (is_lost) return;
  if (is_stopped_) return connection->inbox.push_back(std::move(commands));
  if (connection->cut) {
    run_some(connection, commands, *connection->cut);
    if (connection->cut == RedisCut::between) connection->cut = RedisCut::before;
    return;
  }
  if (next_cut_) return meet_the_cut(connection, commands);
  connection->inbox.push_back(std::move(commands));
  work(connection);
}

void VirtualRedis::meet_the_cut(const Connection& connection, const RedisWords& commands) {
  const RedisCut how = *std::exchange(next_cut_, std::nullopt);
  auto replies = run_some(connection, commands, how);
  const std::size_t arrive = how == RedisCut::between ? random_.below(replies.size() + 1) : 0;
  replies.resize(arrive);
  answer(connection, std::move(replies));
  ++counts_.cuts;
  close(connection, "Connection reset by peer");
}

std::vector<Reply> VirtualRedis::run_some(const Connection& connection, const RedisWords& commands,
                                          RedisCut how) {
  std::size_t runs = how == RedisCut::after ? commands.count() : 0;
  if (how == RedisCut::between) runs = random_.below(commands.count() + 1);
  std::vector<Reply> replies;
  std::vector<std::string_view> words;
  for (std::size_t offset = 0; runs > 0; --runs) {
    offset = commands.read(offset, words);
    if (auto reply = perform(connection, words)) replies.push_back(std::move(*reply));
  }
  return replies;
}

void VirtualRedis::work(const Connection& connection) {
  std::vector<Reply> replies;
  std::vector<std::string_view> words;
  while (!is_stopped_ && !connection->is_blocked && !connection->inbox.empty()) {
    const RedisWords& commands = connection->inbox.front();
    connection->offset = commands.read(connection->offset, words);
    if (auto reply = perform(connection, words)) replies.push_back(std::move(*reply));
    if (connection->offset < commands.end()) continue;
    connection->inbox.pop_front();
    connection->offset = 0;
  }
  answer(connection, std::move(replies));
  if (connection->is_hung_up && connection->inbox.empty()) std::erase(connections_, connection);
}

void VirtualRedis::answer(const Connection& connection, std::vector<Reply> replies) {
  if (replies.empty() || connection->is_hung_up || connection->cut) return;
  connection->last_back =
      std::max(connection->last_back, world_.now() + draw(latency_.least_back, latency_.most_back));
  world_.after(connection->last_back - world_.now(),
               [connection, replies = std::move(replies)]() mutable {
                 if (connection->replied && !connection->cut) {
                   connection->replied(std::move(replies));
                 }
               });
}

// The client learns of it behind the replies that are on their way.
void VirtualRedis::close(const Connection& connection, const std::string& why) {
  connection->is_open = false;
  std::erase(connections_, connection);
  const auto notice = world_.now() + draw(latency_.least_back, latency_.most_back);
  world_.after(std::max(notice, connection->last_back) - world_.now(), [connection, why] {
    if (connection->lost) connection->lost(why);
  });
}

// -- faults ----------------------------------------------------------------------------

void VirtualRedis::cut(RedisCut how) {
  for (const Connection& connection : std::vector(connections_)) {
    ++counts_.cuts;
    connection->cut = how;
    const bool is_dropped =
        how == RedisCut::before || (how == RedisCut::between && random_.one_in(2));
    if (is_dropped) connection->inbox.clear();
    close(connection, "Connection reset by peer");
    if (is_stopped_ && !connection->inbox.empty()) connections_.push_back(connection);
  }
}

void VirtualRedis::go_away(RedisCut how, bool silently) {
  ++absence_;
  is_away_ = true;
  is_silent_ = silently;
  cut(how);
}

void VirtualRedis::come_back() {
  ++absence_;
  is_away_ = false;
}

void VirtualRedis::go_on() {
  is_stopped_ = false;
  for (const Connection& connection : std::vector(connections_)) {
    work(connection);
    if (!connection->is_open) std::erase(connections_, connection);
  }
}

void VirtualRedis::end_life(platform::Duration downtime) {
  ++life_;
  go_away(RedisCut::before);
  is_stopped_ = false;
  next_cut_.reset();
  engine_.forget_scripts();
  run_id_ = draw_run_id(random_);
  world_.after(downtime, [this, absence = absence_] {
    if (absence != absence_) return;
    started_at_ = world_.now();
    come_back();
  });
}

void VirtualRedis::restart(platform::Duration downtime) {
  ++counts_.restarts;
  end_life(downtime);
  if (settings_.keeps == RedisKeeps::all_but_a_second) forget(a_second, 0);
  if (settings_.keeps != RedisKeeps::snapshots) return;
  engine_.replace_keys(snapshot_);
  past_ = snapshot_;
  counts_.forgotten_steps += written_.size();
  written_.clear();
  confirmed_ = 0;
}

void VirtualRedis::fail_over(platform::Duration downtime) {
  assert(settings_.replicas > 0);
  ++counts_.failovers;
  end_life(downtime);
  forget(settings_.replica_lag, confirmed_);
}

void VirtualRedis::set_replicas_in_step(std::uint32_t count) {
  assert(count <= settings_.replicas);
  replicas_in_step_ = count;
}

// -- what it holds ------------------------------------------------------------------------

Reply VirtualRedis::run(std::span<const std::string_view> words) {
  ++counts_.steps;
  Reply reply = engine_.run(words, clock_us());
  if (horizon_ == platform::Duration(0)) return reply;
  if (RedisWords commands = engine_.take_writes(); !commands.empty()) {
    written_.push_back({world_.now(), std::move(commands)});
    trim();
  }
  return reply;
}

// What is older than the horizon can no longer be forgotten.
void VirtualRedis::trim() {
  while (!written_.empty() && written_.front().at < world_.now() - horizon_) {
    engine_.repeat(written_.front().commands, past_);
    written_.pop_front();
    confirmed_ -= confirmed_ > 0;
  }
}

// What all replicas have, a failover finds.
void VirtualRedis::confirm() {
  if (replicas_in_step_ == settings_.replicas) confirmed_ = written_.size();
}

// A prefix of the steps stays.
void VirtualRedis::forget(platform::Duration at_most, std::size_t confirmed) {
  const auto certain = std::ranges::count_if(
      written_, [&](const Written& step) { return step.at < world_.now() - at_most; });
  const auto least = std::max(confirmed, static_cast<std::size_t>(certain));
  const auto kept = least + random_.below(written_.size() - least + 1);
  for (std::size_t i = 0; i < kept; ++i) engine_.repeat(written_[i].commands, past_);
  counts_.forgotten_steps += written_.size() - kept;
  written_.clear();
  confirmed_ = 0;
  engine_.replace_keys(past_);
}

// -- commands that are not about keys -----------------------------------------------------

std::optional<Reply> VirtualRedis::perform(const Connection& connection,
                                           std::span<const std::string_view> words) {
  if (is_word(words[0], "wait")) return wait(connection, words);
  if (is_word(words[0], "info")) return info();
  if (is_word(words[0], "config")) return config(words);
  return run(words);
}

std::optional<Reply> VirtualRedis::wait(const Connection& connection,
                                        std::span<const std::string_view> words) {
  if (words.size() != 3) return wrong_arity("wait");
  const auto replicas = parse_redis_integer(words[1]);
  if (!replicas) return not_an_integer();
  const auto timeout_ms = parse_redis_integer(words[2]);
  if (!timeout_ms) return error_reply("ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return error_reply("ERR timeout is negative");
  confirm();
  if (replicas_in_step_ >= *replicas) return integer_reply(replicas_in_step_);
  if (*timeout_ms == 0) beyond_the_virtual_redis(words);  // it would wait for ever
  connection->is_blocked = true;
  world_.after(std::chrono::milliseconds(*timeout_ms), [this, connection, life = life_] {
    connection->is_blocked = false;
    if (life != life_ || !connection->is_open) return;
    confirm();
    answer(connection, {integer_reply(replicas_in_step_)});
    work(connection);
  });
  return std::nullopt;
}

Reply VirtualRedis::info() const {
  return text_reply(
      fmt::format("# Server\r\nredis_version:7.0.15\r\nrun_id:{}\r\nuptime_in_seconds:{}\r\n"
                  "# Memory\r\nused_memory:{}\r\nmaxmemory:{}\r\nmaxmemory_policy:noeviction\r\n"
                  "# Replication\r\nrole:master\r\nconnected_slaves:{}\r\n",
                  run_id_, (world_.now() - started_at_) / a_second, used_memory_,
                  settings_.maxmemory, settings_.replicas));
}

Reply VirtualRedis::config(std::span<const std::string_view> words) const {
  if (words.size() != 3 || !is_word(words[1], "get")) beyond_the_virtual_redis(words);
  const bool is_logged = settings_.keeps != RedisKeeps::snapshots;
  const bool is_certain = settings_.keeps == RedisKeeps::everything;
  const std::array<std::pair<std::string_view, std::string>, 4> settings = {
      {{"appendonly", is_logged ? "yes" : "no"},
       {"appendfsync", is_certain ? "always" : "everysec"},
       {"maxmemory", std::to_string(settings_.maxmemory)},
       {"maxmemory-policy", "noeviction"}}};
  const bool is_prefix = words[2].ends_with('*');
  const std::string_view wanted = words[2].substr(0, words[2].size() - is_prefix);
  std::vector<Reply> found;
  for (const auto& [name, value] : settings) {
    if (is_prefix ? !name.starts_with(wanted) : name != wanted) continue;
    found.push_back(text_reply(name));
    found.push_back(text_reply(value));
  }
  return array_reply(std::move(found));
}

}  // namespace payswitch::lab
