#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "testing/simulator/virtual_switch.h"
#include "testing/world/disk.h"
#include "testing/world/log.h"
#include "testing/world/processor.h"
#include "testing/world/world.h"

namespace payswitch::lab {

using simulator::Received;
using simulator::VirtualSwitch;

// A switch, two processors and a client in one virtual world.
class Town {
 public:
  explicit Town(std::uint64_t seed = 1, simulator::SwitchSettings settings = {});

  void start();
  void request(http::Method method, std::string_view target, std::string_view body,
               Received& received);
  void kill();       // the process dies; what the kernel has stays
  void power_cut();  // the machine dies; what was not synced may go

  // Sends the n-th payment of n x 0.01 + 19.90; the answer is in received(n).
  void pay(int n) { pay(n, 1990 + n); }
  void pay(int n, std::int64_t cents);
  Received& received(int n) { return received_[n]; }
  static payment::CorrelationId id_of(int n);
  std::string state_of(int n);

  // Runs until nothing is open, within `at_most` of virtual time.
  bool drains(platform::Duration at_most = std::chrono::minutes(5));

  // Every payment answered 202 stands once in exactly one processor's books, and the summary equals
  // them in windows cut at each requestedAt. Fails the test otherwise.
  void expect_books_equal();

  World world;
  SeededRandom random;
  VirtualDisk disk;
  CollectedLog log;
  VirtualProcessor cheap{world};
  VirtualProcessor dear{world};
  std::unique_ptr<VirtualSwitch> process;

  // Of the next start.
  simulator::SwitchSettings& settings() { return settings_; }

 private:
  std::string summary(std::optional<payment::UtcMs> from, std::optional<payment::UtcMs> to);
  std::string expected_summary(payment::UtcMs from, payment::UtcMs to) const;

  simulator::SwitchSettings settings_;
  std::map<int, Received> received_;
};

}  // namespace payswitch::lab
