#include "redis/real_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "platform/host.h"
#include "redis/handshake.h"
#include "redis/link.h"
#include "redis/pipeline.h"
#include "redis/refusal.h"

namespace payswitch::redis {

namespace {

// Tries after which the pause does not grow any more: 50 ms doubled that often is beyond the cap.
constexpr std::uint32_t most_doublings = 10;

class RealClient final : public Client {
 public:
  RealClient(const ClientSeams& seams, const Options& options, std::vector<const Script*> scripts)
      : seams_(seams),
        options_(options),
        scripts_(std::move(scripts)),
        host_(options_.address.host, seams.resolver, seams.clock,
              [this](const auto& found) { on_looked_up(found); }),
        pipeline_(options_, counters_) {}
  ~RealClient() override;

  void start(Events events) override;
  void command(std::span<const std::string_view> words, Done done) override;
  void run(const Script& script, std::span<const std::string_view> keys,
           std::span<const std::string_view> arguments, Done done, Flush haste) override;
  bool connected() const override { return counters_.connected; }
  const Counters& counters() const override { return counters_; }

 private:
  void connect();
  void on_looked_up(const std::expected<platform::Addresses, platform::NoAddress>& found);
  void open();
  void on_open(const std::string& trouble);
  void shake_hands();
  void on_handshake(std::size_t index, const std::expected<Reply, Failure>& reply);
  void on_received(std::span<const char> bytes);
  void lose(const std::string& why);
  void try_again();
  void give(std::span<const std::string_view> words, Done done, Flush haste);
  void refuse(Done done);
  void flush_with_this_turn();
  void flush_after_a_while();
  void flush();
  void watch();

  ClientSeams seams_;
  const Options options_;
  const std::vector<const Script*> scripts_;
  Counters counters_;
  platform::Host host_;
  Pipeline pipeline_;
  Events events_;
  std::shared_ptr<Link> link_;
  bool awaits_address_ = false;
  std::optional<Handshake> handshake_;
  std::uint32_t failures_ = 0;  // in a row
  bool is_writing_ = false;
  bool flush_is_due_ = false;
  platform::TimerId connect_timer_ = platform::TimerId::none;
  platform::TimerId deadline_timer_ = platform::TimerId::none;
  platform::TimerId linger_timer_ = platform::TimerId::none;
  std::shared_ptr<char> alive_ =
      std::make_shared<char>();  // what was posted may come after the end
};

RealClient::~RealClient() {
  seams_.timers.cancel(connect_timer_);
  seams_.timers.cancel(deadline_timer_);
  seams_.timers.cancel(linger_timer_);
  if (link_) link_->close();
}

// -- the connection -------------------------------------------------------------------------------

void RealClient::start(Events events) {
  assert(!link_);
  events_ = std::move(events);
  connect();
}

void RealClient::connect() {
  link_ = Link::make(seams_.context, options_);
  connect_timer_ = seams_.timers.after(options_.connect_timeout, [this] {
    connect_timer_ = platform::TimerId::none;
    lose(awaits_address_ ? fmt::format("{}: no answer of a name server", options_.address.host)
                         : "no connection in time");
  });
  awaits_address_ = true;
  host_.want();
  if (!host_.addresses().empty()) open();
}

void RealClient::on_looked_up(
    const std::expected<platform::Addresses, platform::NoAddress>& found) {
  if (!link_ || !awaits_address_) return;
  if (!host_.addresses().empty()) return open();
  lose(fmt::format("{}: {}", options_.address.host, found.error().why));
}

void RealClient::open() {
  awaits_address_ = false;
  link_->open(host_.addresses(), [this](const std::string& trouble) { on_open(trouble); });
}

void RealClient::on_open(const std::string& trouble) {
  if (!trouble.empty()) return lose(trouble);
  link_->receive([this](std::span<const char> bytes) { on_received(bytes); },
                 [this](const std::string& why) { lose(why); });
  shake_hands();
}

void RealClient::shake_hands() {
  handshake_.emplace(options_.address, scripts_);
  const auto& commands = handshake_->commands();
  for (std::size_t index = 0; index < commands.size(); ++index) {
    const std::vector<std::string_view> words(commands[index].begin(), commands[index].end());
    pipeline_.add_unlimited(
        words,
        [this, index](const std::expected<Reply, Failure>& reply) { on_handshake(index, reply); },
        seams_.clock.now());
  }
  flush();
}

void RealClient::on_handshake(std::size_t index, const std::expected<Reply, Failure>& reply) {
  if (!reply || !handshake_) return;  // lost, and said
  if (auto understood = handshake_->reply(index, *reply); !understood) {
    if (events_.refused && is_final(reply->text)) events_.refused(understood.error());
    return lose(understood.error());
  }
  if (index + 1 < handshake_->commands().size()) return;
  const Server server = handshake_->server();
  handshake_.reset();
  seams_.timers.cancel(std::exchange(connect_timer_, platform::TimerId::none));
  failures_ = 0;
  ++counters_.connects;
  counters_.connected = true;
  events_.connected(server);
}

void RealClient::on_received(std::span<const char> bytes) {
  const auto link = link_;
  const auto read = pipeline_.feed(bytes, seams_.clock.now());
  if (link != link_) return;  // lost meanwhile
  if (!read) return lose(read.error());
  watch();
}

void RealClient::lose(const std::string& why) {
  if (!link_) return;
  if (!counters_.connected && !awaits_address_) host_.doubt();
  awaits_address_ = false;
  link_->close();
  link_.reset();
  handshake_.reset();
  seams_.timers.cancel(std::exchange(connect_timer_, platform::TimerId::none));
  seams_.timers.cancel(std::exchange(deadline_timer_, platform::TimerId::none));
  seams_.timers.cancel(std::exchange(linger_timer_, platform::TimerId::none));
  counters_.connect_failures += !counters_.connected;
  counters_.connected = false;
  is_writing_ = false;
  // Later, and in order before whatever is refused from now on.
  seams_.loop.post([this, why, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    pipeline_.cut();
    events_.disconnected(why);
    try_again();
  });
}

// Full jitter, so that many instances do not come back at once.
void RealClient::try_again() {
  const auto doublings = std::min(failures_++, most_doublings);
  const auto cap = std::min(options_.backoff_cap, options_.backoff_base * (1 << doublings));
  const auto pause = static_cast<double>(cap.count()) * seams_.random.uniform();
  connect_timer_ =
      seams_.timers.after(platform::Duration(static_cast<std::int64_t>(pause)), [this] {
        connect_timer_ = platform::TimerId::none;
        connect();
      });
}

// -- commands -------------------------------------------------------------------------------------

void RealClient::command(std::span<const std::string_view> words, Done done) {
  give(words, std::move(done), Flush::now);
}

void RealClient::give(std::span<const std::string_view> words, Done done, Flush haste) {
  if (!counters_.connected || !pipeline_.add(words, done, seams_.clock.now())) {
    return refuse(std::move(done));
  }
  haste == Flush::now ? flush_with_this_turn() : flush_after_a_while();
}

void RealClient::run(const Script& script, std::span<const std::string_view> keys,
                     std::span<const std::string_view> arguments, Done done, Flush haste) {
  const std::string key_count = std::to_string(keys.size());
  std::vector<std::string_view> words{"EVALSHA", script.hash(), key_count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto unless_forgotten = [this,
                           done = std::move(done)](std::expected<Reply, Failure> reply) mutable {
    const bool is_forgotten = reply && reply->is_error() && reply->text.starts_with("NOSCRIPT");
    if (!is_forgotten) return done(std::move(reply));
    // Loading it again takes a round trip, in which later commands would overtake this one.
    lose("the scripts were flushed");
    done(std::unexpected(Failure::not_sent));
  };
  give(words, std::move(unless_forgotten), haste);
}

void RealClient::refuse(Done done) {
  ++counters_.not_sent;
  seams_.loop.post([done = std::move(done), alive = std::weak_ptr(alive_)]() mutable {
    if (!alive.expired()) done(std::unexpected(Failure::not_sent));
  });
}

void RealClient::flush_with_this_turn() {
  if (flush_is_due_ || is_writing_) return;
  flush_is_due_ = true;
  seams_.loop.post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    flush_is_due_ = false;
    flush();
  });
}

void RealClient::flush_after_a_while() {
  if (flush_is_due_ || is_writing_ || linger_timer_ != platform::TimerId::none) return;
  linger_timer_ = seams_.timers.after(options_.linger, [this] {
    linger_timer_ = platform::TimerId::none;
    flush();
  });
}

void RealClient::flush() {
  if (!link_ || is_writing_) return;
  std::string output = pipeline_.take_output();
  if (output.empty()) return;
  seams_.timers.cancel(std::exchange(linger_timer_, platform::TimerId::none));
  is_writing_ = true;
  ++counters_.writes;
  link_->write(std::move(output), [this](const std::string& trouble) {
    is_writing_ = false;
    if (!trouble.empty()) return lose(trouble);
    flush();
  });
  watch();
}

// While something is outstanding there is a timer for the oldest; an idle connection has none.
void RealClient::watch() {
  if (deadline_timer_ != platform::TimerId::none) return;
  const auto deadline = pipeline_.deadline();
  if (!deadline) return;
  deadline_timer_ =
      seams_.timers.after(std::max(platform::Duration(0), *deadline - seams_.clock.now()), [this] {
        deadline_timer_ = platform::TimerId::none;
        const auto oldest = pipeline_.deadline();
        if (oldest && *oldest <= seams_.clock.now()) return lose("no reply in time");
        watch();
      });
}

}  // namespace

std::expected<void, std::string> check(const Options& options) {
  auto trouble = Link::trouble_with_certificates(options);
  if (trouble.empty()) return {};
  return std::unexpected(std::move(trouble));
}

std::unique_ptr<Client> make_client(const ClientSeams& seams, const Options& options,
                                    std::vector<const Script*> scripts) {
  return std::make_unique<RealClient>(seams, options, std::move(scripts));
}

}  // namespace payswitch::redis
