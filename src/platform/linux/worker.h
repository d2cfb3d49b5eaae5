#pragma once

#include <cstdint>
#include <functional>
#include <thread>

#include "platform/linux/mutex.h"
#include "platform/loop.h"

namespace payswitch::platform {

// A thread that does one blocking job at a time, off the loop.
class Worker {
 public:
  using Job = std::move_only_function<Callback()>;

  // Low: gets the processor only when nothing else needs it.
  enum class Priority : std::uint8_t { normal, low };

  explicit Worker(Loop& loop, Priority priority = Priority::normal);
  // Waits for the job that is under way; what it returns is still posted.
  ~Worker();

  // Runs `job` on the thread, then what it returns on the loop. The job before has returned; a bug
  // otherwise.
  void run(Job job);

 private:
  void work();

  Loop& loop_;
  Mutex mutex_;
  Condition changed_;
  Job job_ GUARDED_BY(mutex_);
  bool busy_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace payswitch::platform
