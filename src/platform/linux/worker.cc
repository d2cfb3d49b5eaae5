#include "platform/linux/worker.h"

#include <sys/resource.h>

#include <cassert>
#include <utility>

namespace payswitch::platform {

namespace {

constexpr int low_niceness = 15;

}  // namespace

Worker::Worker(Loop& loop, Priority priority)
    : loop_(loop), thread_([this, priority] {
        // Of this thread alone: on Linux each has its own.
        if (priority == Priority::low) ::setpriority(PRIO_PROCESS, 0, low_niceness);
        work();
      }) {}

Worker::~Worker() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Worker::run(Job job) {
  assert(job);
  {
    const MutexLock lock(mutex_);
    assert(!busy_);
    busy_ = true;
    job_ = std::move(job);
  }
  changed_.notify_one();
}

void Worker::work() {
  for (;;) {
    MutexLock lock(mutex_);
    while (!busy_ && !ending_) changed_.wait(mutex_);
    if (!busy_) return;
    Job job = std::exchange(job_, nullptr);
    lock.unlock();
    Callback completion = job();
    job = nullptr;
    lock.lock();
    // Before the completion is posted: it may bring the next job at once.
    busy_ = false;
    lock.unlock();
    loop_.post(std::move(completion));
  }
}

}  // namespace payswitch::platform
