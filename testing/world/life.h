#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "platform/loop.h"
#include "testing/world/world.h"

namespace payswitch::lab {

// The loop and the timers of one process in the world. When the process dies, what it had posted
// and set dies with it, while the world around it (processors, clients, disks) goes on.
class Life final : public platform::Loop, public platform::Timers {
 public:
  explicit Life(World& world) : world_(world), waiting_(std::make_shared<Waiting>()) {}
  ~Life() override { end(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void post(platform::Callback callback) override;
  platform::TimerId after(platform::Duration delay, platform::Callback callback) override;
  void cancel(platform::TimerId timer) override;

  // Nothing that was handed in runs any more; the callbacks are destroyed now.
  void end();

  // The process is stopped (SIGSTOP): what becomes due waits until it goes on, and runs then, in
  // order.
  void sleep() { waiting_->is_asleep = true; }
  void wake_up();

 private:
  struct Entry {
    platform::Callback callback;
    platform::TimerId timer = platform::TimerId::none;  // of the world; none: posted
  };
  struct Waiting {
    std::unordered_map<std::uint64_t, Entry> entries;
    std::uint64_t next = 1;
    bool is_asleep = false;
    std::vector<std::uint64_t> overdue;
  };

  static void run(const std::weak_ptr<Waiting>& waiting, std::uint64_t key);

  World& world_;
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace payswitch::lab
