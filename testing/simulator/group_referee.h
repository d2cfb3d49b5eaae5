#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "testing/simulator/judge.h"
#include "testing/simulator/told_sums.h"
#include "testing/simulator/trace.h"
#include "testing/world/world.h"

namespace payswitch::lab::simulator {

// The judge of several instances on one Redis: what must hold for all of them together, whichever
// dies, sleeps or is taken over. Of the moment of an answer it knows less than the judge of one
// process, and asks less of it.
class GroupReferee final : public Judge {
 public:
  // `is_bounded`: Redis forgets while instances die. Kept and Once are not promised then, and only
  // that sums are not too high and that all comes to its end (PROTOCOL 7.5). `may_forget`: it may
  // forget at all; then it may also show a smaller sum, until that is written again, and has
  // forgotten what was told.
  GroupReferee(const World& world, const Trace& trace, bool is_bounded, bool may_forget,
               std::optional<std::chrono::milliseconds> max_processing_time)
      : world_(world),
        trace_(trace),
        is_bounded_(is_bounded),
        may_forget_(may_forget),
        max_processing_time_(max_processing_time) {}

  void sent(std::uint32_t n, payment::Money amount) override;
  void answered_client(std::uint32_t n, payment::Money amount, const Received& received) override;
  void saw_status(std::uint32_t n, const Asked& asked, const Received& received) override;
  void saw_summary(const books::Window& window, const Asked& asked,
                   const Received& received) override;

  void posted(std::size_t processor, const Posting& posting) override;
  void booked(std::size_t processor, const Posting& posting) override;
  void answered(std::size_t processor, const Posting& posting, Reading reading) override;
  void vouched(std::size_t, const payment::CorrelationId&, platform::Instant) override {}
  void denied(std::size_t processor, const payment::CorrelationId& id,
              platform::Instant at) override;

  void accuse(std::string what) override;

  // The faults are over and nothing is in flight: from now on every sum is equal, and every status
  // is what the books say.
  void expect_equality() { is_equality_due_ = true; }
  void expect_everything_charged();

  const std::optional<std::string>& violation() const override { return violation_; }
  std::uint32_t payments() const override { return static_cast<std::uint32_t>(cases_.size()); }
  const std::vector<payment::UtcMs>& booked_times() const override { return booked_times_; }
  std::uint64_t promises() const { return promises_; }
  std::uint64_t final_sums() const { return final_sums_; }
  std::uint64_t bookings() const { return booked_times_.size(); }
  bool is_promised(std::uint32_t n) const { return cases_[n].promised.has_value(); }

 private:
  // What is known of the requests for a payment since it was sent to this processor at this time.
  struct Leg {
    std::size_t processor = 0;
    payment::UtcMs requested_at;
    std::uint32_t posts = 0;
    std::uint32_t refusals = 0;
    platform::Instant last_refusal{};
    platform::Instant last_post{};
    platform::Instant last_denied_get{};  // when it came in; it was answered 404
  };
  struct Case {
    std::optional<payment::Money> kept;  // the amount that a 202 or a processor has shown
    std::optional<platform::Instant> promised;
    std::optional<platform::Instant> first_sent;  // by a client
    bool is_parked = false;
    std::optional<Leg> leg;
    std::optional<std::size_t> booked_at;
    payment::UtcMs booked_requested_at{};
  };
  struct Booking {
    payment::UtcMs requested_at;
    std::int64_t cents;
  };

  void keep_amount(std::uint32_t n, payment::Money amount, std::string_view where);

  const World& world_;
  const Trace& trace_;
  const bool is_bounded_;
  const bool may_forget_;
  ToldSums told_sums_;
  std::uint64_t final_sums_ = 0;
  const std::optional<std::chrono::milliseconds> max_processing_time_;
  std::vector<Case> cases_;
  std::array<std::vector<Booking>, max_processors> bookings_;
  std::vector<payment::UtcMs> booked_times_;
  std::uint64_t promises_ = 0;
  bool is_equality_due_ = false;
  std::optional<std::string> violation_;
};

}  // namespace payswitch::lab::simulator
