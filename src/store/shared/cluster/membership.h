#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "platform/random.h"
#include "platform/repeats.h"
#include "redis/client.h"
#include "store/options.h"
#include "store/peers.h"
#include "store/shared/cluster/declarations.h"
#include "store/shared/cluster/finality.h"
#include "store/shared/cluster/rejoin.h"
#include "store/shared/cluster/shared_facts.h"
#include "store/shared/keys.h"
#include "store/shared/operation.h"
#include "store/shared/scripts.h"
#include "store/store.h"

namespace payswitch::store::shared {

// What the parts of the store on Redis work with; all outlive them.
struct Seams {
  wire::Client& client;  // made with Scripts::all()
  const Scripts& scripts;
  platform::Timers& timers;
  const platform::Clock& clock;
  platform::Random& random;
  platform::Log& log;
};

// An open payment that has become ours.
struct Taken {
  OpenPayment payment;
  std::uint64_t token = 0;  // orders those that one process has accepted
  bool was_unknown = false;
  bool was_ours = false;  // under a name that we had before: no other instance has had it since
};

// Our place among the instances: a name, a lease that Redis keeps, the right to accept in each
// shard; what others left behind when their leases ran out is taken over. An instance whose lease
// has run out never decides anything under that name again: it takes a new one, and takes over from
// itself first (PROTOCOL 7.3 to 7.5). Loop thread only.
class Membership final : public Peers {
 public:
  struct Callbacks {
    // The start cannot go on: one line for a person. At most once, before the first ready().
    std::function<void(const std::string& line)> refused;
    // Not ready yet, and why: one line for a person. It is tried again. Only before the first
    // ready().
    std::function<void(const std::string& why)> waiting;
    // From here on scripts may be run. `has_forgotten`: Redis is not what it was, and may have lost
    // what was written lately: it has to be written again, before anything else.
    std::function<void(bool has_forgotten)> ready;
    // Nothing may be run until ready().
    std::function<void(const std::string& why)> away;
    // Our name is spent: what we owned is ours no more, save what taken() says.
    std::function<void()> renamed;
    std::function<void(std::vector<Taken>)> taken;
    // Whether this payment is at work here already, whatever Redis says of its owner.
    std::function<bool(const payment::CorrelationId&)> is_known;
    // How many payments we think we own.
    std::function<std::size_t()> owned;
  };

  Membership(const RedisOptions& options, const Options& configured, const Seams& seams,
             Callbacks callbacks);
  ~Membership() override;

  void start();

  bool is_ready() const { return state_ == State::ready; }
  const Speaker& speaker() const { return speaker_; }
  // Index: ProcessorNumber. Never shrinks.
  const std::vector<std::string>& names() const { return names_; }
  // The hash of names and numbers, as Redis has it now. False: it is none.
  bool learn_names(const wire::Reply& names);
  payment::UtcMs highest_issued() const { return highest_; }
  void note_issued(payment::UtcMs time) { highest_ = std::max(highest_, time); }
  const wire::Server& server() const { return server_; }
  // Nine tenths of the memory that Redis may use are used (PROTOCOL 7.2).
  bool is_full() const { return is_full_; }
  SharedFacts& facts() { return facts_; }
  const SharedFacts& facts() const { return facts_; }
  // Nothing that was kept waits to be written again by another instance.
  bool is_whole() const { return wholeness_.is_whole(seams_.clock.now()); }

  // Redis answered what it should not: everything is begun anew, a moment later.
  void stumble(const std::string& why);
  // We were evicted somewhere: this name is spent.
  void evicted();
  // A lease may have run out: looks at the next beat.
  void look_soon() { look_is_due_ = true; }

  // -- Peers --
  void listen(Events events) override { events_ = std::move(events); }
  void claim_poll(payment::ProcessorNumber processor, platform::Duration every,
                  Claimed done) override;
  bool may_issue() const override {
    return is_ready() && seams_.clock.now() - beaten_at_ < options_.lease;
  }
  void confirm(payment::UtcMs told, Confirmed done) override;
  bool keeps_what_is_told() const override { return true; }
  void tell_health(payment::ProcessorNumber processor, const Health& health) override;

 private:
  enum class State : std::uint8_t { away, joining, ready };
  using Replied = std::move_only_function<void(const wire::Reply&)>;
  struct Takeover;

  // `then` gets replies that are no errors, and nothing once the connection or the name has gone.
  void run(const wire::Script& script, const std::vector<std::string>& keys,
           const std::vector<std::string>& arguments, Replied then);
  void say(const std::vector<std::string>& words, Replied then);
  wire::Client::Done expect(Replied then);

  // -- joining --
  void connected(const wire::Server& server);
  void disconnected(const std::string& why);
  void refused(const std::string& why);
  void begin_anew();
  void warn_of(const wire::Server& server);
  void check_rights();
  void begin();
  void enrolled(const wire::Reply& reply);
  void agree_on_facts();
  void refuse(const std::string& line);
  void take_new_name();
  void first_beat();
  void join_shards();
  void retake();
  void become_ready();

  // -- living --
  void beat_later();
  void beat(std::function<void()> then);
  void lease_ran_out();
  bool learn(const wire::Reply& reply, payment::UtcMs ours);
  void learn_health(const wire::Reply& health);
  void learn_breakers(const wire::Reply& breakers);
  void learn_who_has_written(const wire::Reply& news);
  void declare();
  void check_memory();

  // -- taking over --
  void look();
  void look_for_orphans();
  void look_for_orphans_in(unsigned shard);
  void take_over(std::string giver, std::vector<unsigned> shards, std::function<void()> done);
  void take_next(const std::shared_ptr<Takeover>& takeover);
  void take_some(const std::shared_ptr<Takeover>& takeover, const wire::Reply& members);
  void take(const std::string& giver, std::vector<payment::CorrelationId> ids,
            std::function<void()> then);
  std::uint32_t may_be_at(const OpenPayment& payment) const;
  bool is_former(const std::string& name) const;
  static std::vector<unsigned> every_shard();

  const RedisOptions& options_;
  const std::vector<Place> processors_;
  Seams seams_;
  SharedFacts facts_;
  Callbacks callbacks_;
  Events events_;
  State state_ = State::away;
  std::uint64_t era_ = 0;  // grows when the connection or the name goes
  Speaker speaker_;
  bool name_is_new_ = true;
  std::vector<std::string> former_names_;
  wire::Server server_;
  wire::Server last_master_;  // a replica that we met in between vouches for nothing
  std::optional<std::string> run_id_;
  bool has_forgotten_ = false;
  RejoinBarrier wholeness_;
  Finality finality_;
  Declarations declarations_;
  platform::Instant beaten_at_{};  // when the last beat that was answered was sent
  bool was_ready_ = false;
  std::string why_not_yet_;
  std::vector<std::string> names_;
  payment::UtcMs highest_;
  std::vector<std::string> living_;
  bool is_full_ = false;
  bool look_is_due_ = false;
  platform::Instant last_look_{};
  std::size_t takeovers_ = 0;
  std::array<std::int64_t, payment::max_processors> health_seen_{};
  std::uint32_t others_open_ = 0;  // processors whose breaker is open at another instance
  std::int64_t redis_now_ms_ = 0;
  platform::Instant redis_now_at_{};
  platform::RepeatedLine stumbled_{10};
  platform::RepeatedLine went_away_{10};
  platform::RepeatedLine orphans_{10};
  platform::TimerId timer_ = platform::TimerId::none;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace payswitch::store::shared
