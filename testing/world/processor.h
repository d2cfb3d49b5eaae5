#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/time.h"
#include "testing/world/network.h"

namespace payswitch::lab {

// A processor of the virtual world: its books, and what it does with the next requests. Without a
// plan it takes each payment after `delay`.
class VirtualProcessor final : public Origin {
 public:
  struct Entry {
    payment::Money amount;
    payment::UtcMs requested_at;
    int times = 0;  // how often it was booked; more than once is what must never be
  };

  // What happens to one POST. It sleeps `delay` first and decides afterwards, whether or not anyone
  // listens.
  struct Plan {
    platform::Duration delay = std::chrono::milliseconds(1);
    bool book = true;
    std::expected<SentResponse, http::Failure> answer = SentResponse{200, R"({"message":"taken"})"};
    bool silent = false;  // no answer, ever
  };
  static Plan refuse(unsigned status = 500) {
    return {.book = false, .answer = SentResponse{status, ""}};
  }
  static Plan take_and_cut() { return {.answer = std::unexpected(http::Failure::cut)}; }

  explicit VirtualProcessor(World& world) : world_(world) {}

  bool accepts_connections() const override { return up_; }
  void arrive(SentRequest request, Reply reply) override;

  // For the next POSTs, in order; then `usual`.
  void next(Plan plan) { plans_.push_back(std::move(plan)); }
  void usually(Plan plan) { usual_ = std::move(plan); }
  void set_up(bool up) { up_ = up; }
  void say_failing(bool failing) { failing_ = failing; }
  void book(const payment::CorrelationId& id, const Entry& entry) { books_[id] = entry; }

  const std::map<payment::CorrelationId, Entry>& books() const { return books_; }
  int posts() const { return posts_; }
  int gets() const { return gets_; }
  int health_polls() const { return health_polls_; }

 private:
  void post(const SentRequest& request, const Reply& reply);
  SentResponse get(const std::string& target);
  SentResponse health();

  World& world_;
  std::deque<Plan> plans_;
  Plan usual_;
  std::map<payment::CorrelationId, Entry> books_;
  bool up_ = true;
  bool failing_ = false;
  int posts_ = 0;
  int gets_ = 0;
  int health_polls_ = 0;
};

}  // namespace payswitch::lab
