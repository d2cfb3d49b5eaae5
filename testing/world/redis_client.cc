#include "testing/world/redis_client.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace payswitch::lab {

using redis::Failure;
using redis::Reply;

namespace {

// As in the real client.
constexpr std::uint32_t most_doublings = 10;

}  // namespace

VirtualRedisClient::VirtualRedisClient(const VirtualRedisSeams& seams,
                                       const redis::Options& options,
                                       std::vector<const redis::Script*> scripts)
    : seams_(seams), options_(options), scripts_(std::move(scripts)) {}

VirtualRedisClient::~VirtualRedisClient() {
  seams_.timers.cancel(connect_timer_);
  seams_.timers.cancel(deadline_timer_);
  seams_.timers.cancel(linger_timer_);
  if (connection_) seams_.redis.hang_up(connection_);
}

// What was posted may come after the end.
void VirtualRedisClient::post(platform::Callback callback) {
  seams_.loop.post([callback = std::move(callback), alive = std::weak_ptr(alive_)]() mutable {
    if (!alive.expired()) callback();
  });
}

// -- the connection -----------------------------------------------------------------------

void VirtualRedisClient::start(Events events) {
  assert(!connection_);
  events_ = std::move(events);
  connect();
}

void VirtualRedisClient::connect() {
  connect_timer_ = seams_.timers.after(options_.connect_timeout, [this] {
    connect_timer_ = platform::TimerId::none;
    lose("no connection in time");
  });
  // The connection is told only while it is ours; what it told is run by the loop of the process.
  const auto told = std::make_shared<std::weak_ptr<RedisConnection>>();
  const auto on_loop = [this, told](auto act) {
    post([this, told, act = std::move(act)]() mutable {
      if (connection_ && connection_ == told->lock()) act();
    });
  };
  RedisConnection ends;
  ends.opened = [this, on_loop] { on_loop([this] { shake_hands(); }); };
  ends.replied = [this, on_loop](std::vector<Reply> replies) {
    on_loop([this, replies = std::move(replies)]() mutable { on_replies(std::move(replies)); });
  };
  ends.lost = [this, on_loop](const std::string& why) { on_loop([this, why] { lose(why); }); };
  connection_ = seams_.redis.connect(std::move(ends));
  *told = connection_;
}

void VirtualRedisClient::shake_hands() {
  handshake_.emplace(options_.address, scripts_);
  const auto& commands = handshake_->commands();
  for (std::size_t index = 0; index < commands.size(); ++index) {
    const std::vector<std::string_view> words(commands[index].begin(), commands[index].end());
    add(words,
        [this, index](const std::expected<Reply, Failure>& reply) { on_handshake(index, reply); });
  }
  flush();
}

void VirtualRedisClient::on_handshake(std::size_t index,
                                      const std::expected<Reply, Failure>& reply) {
  if (!reply || !handshake_) return;  // lost, and said
  if (auto understood = handshake_->reply(index, *reply); !understood) {
    return lose(understood.error());
  }
  if (index + 1 < handshake_->commands().size()) return;
  const redis::Server server = handshake_->server();
  handshake_.reset();
  seams_.timers.cancel(std::exchange(connect_timer_, platform::TimerId::none));
  failures_ = 0;
  ++counters_.connects;
  counters_.connected = true;
  events_.connected(server);
}

void VirtualRedisClient::on_replies(std::vector<Reply> replies) {
  const auto connection = connection_;
  for (Reply& reply : replies) {
    assert(entries_.size() > output_.count());
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    ++counters_.replies;
    counters_.answer.record(seams_.world.now() - entry.since);
    entry.done(std::move(reply));
  }
  if (connection == connection_) watch();
}

void VirtualRedisClient::lose(const std::string& why) {
  if (!connection_) return;
  seams_.redis.hang_up(connection_);
  connection_.reset();
  handshake_.reset();
  seams_.timers.cancel(std::exchange(connect_timer_, platform::TimerId::none));
  seams_.timers.cancel(std::exchange(deadline_timer_, platform::TimerId::none));
  seams_.timers.cancel(std::exchange(linger_timer_, platform::TimerId::none));
  counters_.connect_failures += !counters_.connected;
  counters_.connected = false;
  // Later, and in order before whatever is refused from now on.
  post([this, why] {
    fail_all();
    events_.disconnected(why);
    try_again();
  });
}

void VirtualRedisClient::fail_all() {
  auto failed = std::exchange(entries_, {});
  std::size_t sent = failed.size() - output_.count();
  output_ = {};
  for (Entry& entry : failed) {
    const bool was_sent = sent > 0;
    sent -= was_sent;
    ++(was_sent ? counters_.maybe_ran : counters_.not_sent);
    entry.done(std::unexpected(was_sent ? Failure::maybe_ran : Failure::not_sent));
  }
}

void VirtualRedisClient::try_again() {
  const auto doublings = std::min(failures_++, most_doublings);
  const auto cap = std::min(options_.backoff_cap, options_.backoff_base * (1 << doublings));
  const auto pause = static_cast<double>(cap.count()) * seams_.random.uniform();
  connect_timer_ =
      seams_.timers.after(platform::Duration(static_cast<std::int64_t>(pause)), [this] {
        connect_timer_ = platform::TimerId::none;
        connect();
      });
}

// -- commands -----------------------------------------------------------------------------

void VirtualRedisClient::command(std::span<const std::string_view> words, Done done) {
  give(words, std::move(done), redis::Flush::now);
}

void VirtualRedisClient::give(std::span<const std::string_view> words, Done done,
                              redis::Flush haste) {
  std::size_t size = output_.end();
  for (const std::string_view word : words) size += word.size();
  if (!counters_.connected || entries_.size() >= options_.max_outstanding ||
      size > options_.max_unsent_bytes) {
    return refuse(std::move(done));
  }
  add(words, std::move(done));
  haste == redis::Flush::now ? flush_with_this_turn() : flush_after_a_while();
}

void VirtualRedisClient::flush_with_this_turn() {
  if (std::exchange(flush_is_due_, true)) return;
  post([this] {
    flush_is_due_ = false;
    flush();
  });
}

void VirtualRedisClient::flush_after_a_while() {
  if (flush_is_due_ || linger_timer_ != platform::TimerId::none) return;
  linger_timer_ = seams_.timers.after(options_.linger, [this] {
    linger_timer_ = platform::TimerId::none;
    flush();
  });
}

void VirtualRedisClient::add(std::span<const std::string_view> words, Done done) {
  assert(!words.empty() && done);
  entries_.push_back({std::move(done), seams_.world.now()});
  output_.add(words);
}

void VirtualRedisClient::run(const redis::Script& script, std::span<const std::string_view> keys,
                             std::span<const std::string_view> arguments, Done done,
                             redis::Flush haste) {
  const std::string key_count = std::to_string(keys.size());
  words_.assign({"EVALSHA", script.hash(), key_count});
  words_.insert(words_.end(), keys.begin(), keys.end());
  words_.insert(words_.end(), arguments.begin(), arguments.end());
  auto unless_forgotten = [this,
                           done = std::move(done)](std::expected<Reply, Failure> reply) mutable {
    const bool is_forgotten = reply && reply->is_error() && reply->text.starts_with("NOSCRIPT");
    if (!is_forgotten) return done(std::move(reply));
    lose("the scripts were flushed");
    done(std::unexpected(Failure::not_sent));
  };
  give(words_, std::move(unless_forgotten), haste);
}

void VirtualRedisClient::refuse(Done done) {
  ++counters_.not_sent;
  post([done = std::move(done)]() mutable { done(std::unexpected(Failure::not_sent)); });
}

void VirtualRedisClient::flush() {
  if (!connection_ || output_.empty()) return;
  seams_.timers.cancel(std::exchange(linger_timer_, platform::TimerId::none));
  ++counters_.writes;
  counters_.commands += output_.count();
  seams_.redis.send(connection_, std::exchange(output_, {}));
  watch();
}

// While something is outstanding there is a timer for the oldest; an idle connection has none.
void VirtualRedisClient::watch() {
  if (deadline_timer_ != platform::TimerId::none || entries_.empty()) return;
  const auto left = entries_.front().since + options_.command_timeout - seams_.world.now();
  deadline_timer_ = seams_.timers.after(left, [this] {
    deadline_timer_ = platform::TimerId::none;
    if (entries_.empty()) return;
    const bool is_overdue = entries_.front().since + options_.command_timeout <= seams_.world.now();
    if (is_overdue) return lose("no reply in time");
    watch();
  });
}

}  // namespace payswitch::lab
