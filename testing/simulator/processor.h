#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/time.h"
#include "testing/simulator/fault_plan.h"
#include "testing/world/network.h"

namespace payswitch::lab::simulator {

// A POST as it arrived.
struct Posting {
  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs requested_at;
  platform::Instant at;
};

// What the contract makes of an answer to a POST (PROTOCOL 1), as the referee reads it: the
// processor's word, not the switch's table.
enum class Reading : std::uint8_t { taken, refused, unclear };

// Hears everything that happens at the processors, at the moment when it happens.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void posted(std::size_t processor, const Posting& posting) = 0;
  virtual void booked(std::size_t processor, const Posting& posting) = 0;
  // An answer to that POST has left.
  virtual void answered(std::size_t processor, const Posting& posting, Reading reading) = 0;
  // A GET that arrived at `at` was answered with the payment.
  virtual void vouched(std::size_t processor, const payment::CorrelationId& id,
                       platform::Instant at) = 0;
  // A GET that arrived at `at` was answered 404, which was true then.
  virtual void denied(std::size_t processor, const payment::CorrelationId& id,
                      platform::Instant at) = 0;
};

// A processor that keeps the contract and little more: it falls from one profile of the plan into
// the next. It belongs to the world: what has arrived is dealt with, also when its sender has died
// since.
class UnsteadyProcessor final : public Origin {
 public:
  struct Entry {
    payment::Money amount;
    payment::UtcMs requested_at;
  };
  using Books =
      boost::unordered_flat_map<payment::CorrelationId, Entry, std::hash<payment::CorrelationId>>;

  UnsteadyProcessor(World& world, std::uint64_t seed, std::size_t index, const FaultPlan& plan,
                    Watcher& watcher);

  bool accepts_connections() const override { return profile_ != FaultProfile::down; }
  std::uint64_t starts() const override { return starts_; }
  void arrive(SentRequest request, Reply reply) override;

  // Kind from now on. What is under way (late bookings, requests in sockets) ends as it would have.
  void calm();

  // No POST has been under way since then: what arrived is decided, and will not land any more.
  bool is_quiet_since(platform::Instant moment) const {
    return posts_under_way_ == 0 && last_decided_ <= moment;
  }

  const Books& books() const { return books_; }
  FaultProfile profile() const { return profile_; }
  const std::array<std::uint64_t, profile_count>& posts_by_profile() const {
    return posts_by_profile_;
  }

 private:
  // What becomes of one POST: it sleeps first and decides afterwards, whether or not anyone
  // listens.
  struct Fate {
    platform::Duration delay{};
    bool books = true;
    bool is_silent = false;
    platform::Duration books_later{};  // than it answers
    std::expected<SentResponse, http::Failure> answer = SentResponse{200, R"({"message":"taken"})"};
  };
  struct Arrival {
    SentRequest request;
    std::optional<Posting> posting;  // of a POST
    platform::Instant at;
    Reply reply;
  };

  void change_profile();
  void enter(FaultProfile profile);
  void handle(const Arrival& arrival);
  void post(const Posting& posting, const Reply& reply);
  void decide(const Posting& posting, const Fate& fate, std::uint64_t start, const Reply& reply);
  Fate fate_of_a_post(FaultProfile profile);
  Fate fate_of_a_late_post();
  Fate fate_of_an_erring_post(FaultProfile profile);
  void keep_the_operators_word(Fate& fate, const Posting& posting) const;
  void book(const Posting& posting);
  void decided();
  void get(const Arrival& arrival);
  void answer_a_get(const Arrival& arrival, std::expected<SentResponse, http::Failure> answer);
  bool answer_oddly(const Reply& reply);
  void health(const Reply& reply);
  std::string text_of(payment::UtcMs time);

  World& world_;
  SeededRandom random_;
  std::size_t index_;
  const FaultPlan& plan_;
  Watcher& watcher_;
  Books books_;
  FaultProfile profile_ = FaultProfile::healthy;
  bool is_calm_ = false;
  std::uint64_t starts_ = 0;   // going down ends every connection
  std::vector<Arrival> held_;  // while it is stopped
  std::uint64_t posts_under_way_ = 0;
  platform::Instant last_decided_{};
  std::array<std::uint64_t, profile_count> posts_by_profile_{};
};

}  // namespace payswitch::lab::simulator
