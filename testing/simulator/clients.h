#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "testing/simulator/fault_plan.h"
#include "testing/simulator/judge.h"
#include "testing/simulator/trace.h"
#include "testing/simulator/virtual_switch.h"

namespace payswitch::lab::simulator {

// Everybody who sends requests to the switch: they pay, pay again, change their mind, go away, and
// ask. What they get goes to the judge.
class Clients {
 public:
  // nullptr while the process is down: nobody can connect.
  using Process = std::function<VirtualSwitch*()>;

  Clients(World& world, std::uint64_t seed, const FaultPlan& plan, Judge& judge, const Trace& trace,
          std::uint32_t payments, Process process);

  // Until as many payments were sent as were wanted.
  void start() { act(); }
  bool have_paid() const { return amounts_.size() == payments_; }

  // They send nothing new until go_on(), and forget nothing.
  void pause() { is_paused_ = true; }
  void go_on() { is_paused_ = false; }
  // Sends each of these again until it is answered 202 or 422.
  void repeat(std::vector<std::uint32_t> these);
  bool have_repeated() const { return to_repeat_.empty(); }

  void ask_for_status(std::uint32_t n, platform::Duration wait = {});
  void ask_for_sums(const books::Window& window);
  // One that reads by every route, when the run is calm: what is not answered 200 is a violation,
  // and so is what expect_every_route_answered() finds without an answer.
  void ask_by_every_route(bool with_lists = true);
  void expect_every_route_answered();
  books::Window some_window();

 private:
  void act();
  void pay_something_new();
  void pay_again();
  void repeat_some();
  void look_around();
  void make_a_slip();
  void pay(std::uint32_t n, payment::Money amount);
  std::uint32_t somebody();
  books::Window some_told_window();
  Judge::Asked now(bool waits = false) const {
    return {.at = world_.now(), .wall = world_.wall(), .waits = waits};
  }

  World& world_;
  SeededRandom random_;
  SeededRandom slips_;
  const FaultPlan& plan_;
  Judge& judge_;
  const Trace& trace_;
  std::uint32_t payments_;
  Process process_;
  std::set<std::string> unanswered_routes_;
  std::vector<books::Window> windows_;  // whose sums were told lately
  std::vector<payment::Money> amounts_;
  std::set<std::uint32_t> to_repeat_;
  bool is_paused_ = false;
  bool is_repeating_ = false;  // repeat_some() is set
};

}  // namespace payswitch::lab::simulator
