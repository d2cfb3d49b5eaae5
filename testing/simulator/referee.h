#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "books/books.h"
#include "payment/state.h"
#include "testing/simulator/judge.h"
#include "testing/simulator/told_sums.h"
#include "testing/simulator/trace.h"
#include "testing/world/world.h"

namespace payswitch::lab::simulator {

// The judge of one process on its own disk. It knows the rules of PROTOCOL and nothing of the code.
// Each event is checked when it happens.
class Referee final : public Judge {
 public:
  Referee(const World& world, const FaultPlan& plan, const Trace& trace);

  // -- clients ------------------------------------------------------------------------------
  void sent(std::uint32_t n, payment::Money amount) override;
  void answered_client(std::uint32_t n, payment::Money amount, const Received& received) override;
  void saw_status(std::uint32_t n, const Asked& asked, const Received& received) override;
  void saw_summary(const books::Window& window, const Asked& asked,
                   const Received& received) override;

  // -- the process and its clock --------------------------------------------------------------
  // With the max_in_flight that this life has.
  void started(std::uint32_t max_in_flight);
  void wall_jumps();  // before and after
  // The directory was copied, and later the copy took its place, while nothing was under way at any
  // processor: what was promised in between is forgotten until its client repeats it, and was not
  // kept with any amount; but it is never charged again, and never sent again when it was booked.
  void copied();
  void restored();
  // What clients have to repeat then: all that was sent and not promised when the copy was taken.
  std::vector<std::uint32_t> not_in_the_copy() const;
  // The faults are over and nothing is in flight: from now on every sum must be equal.
  void expect_equality() { is_equality_due_ = true; }
  // A processor to which something was sent that no answer has come to: a start that has it
  // elsewhere must be refused (PROTOCOL 3.3). nullopt: nothing is surely so.
  std::optional<std::size_t> surely_unanswered_at() const;
  // Every promised payment whose status was seen is charged, or parked for a reason.
  void expect_everything_charged();

  void posted(std::size_t processor, const Posting& posting) override;
  void booked(std::size_t processor, const Posting& posting) override;
  void answered(std::size_t processor, const Posting& posting, Reading reading) override;
  void vouched(std::size_t processor, const payment::CorrelationId& id,
               platform::Instant at) override;
  void denied(std::size_t processor, const payment::CorrelationId& id,
              platform::Instant at) override;

  void accuse(std::string what) override;

  const std::optional<std::string>& violation() const override { return violation_; }
  std::uint32_t payments() const override { return static_cast<std::uint32_t>(cases_.size()); }
  std::uint64_t bookings() const { return booked_times_.size(); }
  std::uint64_t promises() const { return promises_; }
  bool is_promised(std::uint32_t n) const { return cases_[n].is_promised; }
  const std::vector<payment::UtcMs>& booked_times() const override { return booked_times_; }

 private:
  // The newest attempt of a payment, as its requests show it.
  struct Try {
    std::optional<std::size_t> processor;
    payment::UtcMs requested_at{};
    std::uint32_t life = 0;  // in which its intent was surely made
    std::uint32_t last_life = 0;
    std::uint32_t posts = 0;
    std::uint32_t refusals_read = 0;        // surely
    std::uint32_t refusals_maybe_read = 0;  // those included that left as the connection was closed
    platform::Instant last_post{};
    platform::Instant last_denied_get{};  // when it came in; it was answered 404
    platform::Instant last_refusal{};
    payment::UtcMs wall_at_refusal{};
    bool is_outstanding = false;  // the last POST has no answer
  };
  struct Case {
    std::vector<payment::Money> amounts;  // that clients sent
    std::optional<payment::Money> kept;   // the one that a 202 or a processor's books have shown
    bool is_promised = false;             // a 202 was seen
    bool is_parked = false;
    bool is_in_the_copy = false;  // it was promised before the copy was taken
    bool was_booked_before_the_restore = false;
    std::optional<std::size_t> booked_at;
    payment::UtcMs booked_requested_at{};
    std::uint32_t life_sent = 0;  // in which a client sent it first
    std::uint32_t life_told = 0;  // in which the switch was told that it is booked
    platform::Instant told{};
    bool was_vouched_for = false;    // by a GET, which the switch may have read
    platform::Instant first_sent{};  // by a client
    std::uint32_t life_seen_settled = 0;
    std::optional<platform::Instant> end_promised;  // ?wait= told that it is settled
    Try attempt;
  };
  struct Booking {
    std::uint32_t n;
    payment::UtcMs requested_at;
    std::int64_t cents;
  };

  Case& case_of(const payment::CorrelationId& id) { return cases_[number_of(id)]; }
  void keep_amount(std::uint32_t n, payment::Money amount, std::string_view where);
  void check_room(std::size_t processor, const Posting& posting);
  void check_repeat(std::uint32_t n, std::size_t processor);
  void check_next(std::uint32_t n, std::size_t processor, const Posting& posting);
  void check_time(std::uint32_t n, const Posting& posting, platform::Instant issued_after);
  void check_state(std::uint32_t n, const Asked& asked, payment::State state,
                   std::string_view body);
  platform::Instant issued_after(std::uint32_t n) const;
  bool is_surely_refused(const Try& attempt) const;
  bool time_has_passed(const Try& attempt) const;
  bool may_be_released(const Try& attempt) const;
  bool is_read_within(const Posting& posting, platform::Duration limit) const;
  bool must_count(const Case& payment, platform::Instant at) const;
  payment::UtcMs final_told_before(platform::Instant moment) const;

  const World& world_;
  const FaultPlan& plan_;
  const Trace& trace_;
  std::vector<Case> cases_;
  std::array<std::vector<Booking>, max_processors> bookings_;
  // POSTs of this life that are neither answered nor hung up, by their arrival.
  std::array<std::set<std::pair<platform::Instant, std::uint32_t>>, max_processors> outstanding_;
  std::vector<payment::UtcMs> booked_times_;
  std::uint64_t promises_ = 0;
  std::uint32_t life_ = 0;
  std::uint32_t max_in_flight_ = 0;  // of this life
  platform::Instant life_began_{};
  payment::UtcMs wall_at_life_{};
  platform::Instant last_jump_{};
  payment::UtcMs highest_wall_{};
  struct Told {
    platform::Instant at;
    payment::UtcMs final;
  };
  std::vector<Told> told_;  // up to which time sums were told; grows
  ToldSums told_sums_;
  // Up to here a life may issue ahead of every clock: what was told is kept a little ahead.
  payment::UtcMs ahead_at_life_ = payment::UtcMs::min();
  std::uint64_t summaries_ = 0;
  bool is_equality_due_ = false;
  std::optional<std::string> violation_;
};

}  // namespace payswitch::lab::simulator
