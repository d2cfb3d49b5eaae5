#pragma once

#include <condition_variable>
#include <mutex>

#include "platform/clock.h"

// The attributes that clang's -Wthread-safety checks: a member that is GUARDED_BY a mutex cannot be
// touched, and a function that REQUIRES it cannot be called, where that mutex is not held. Other
// compilers ignore them.
#ifdef __clang__
#define PAYSWITCH_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define PAYSWITCH_THREAD_ATTRIBUTE(x)
#endif
#define CAPABILITY(name) PAYSWITCH_THREAD_ATTRIBUTE(capability(name))
#define SCOPED_CAPABILITY PAYSWITCH_THREAD_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(mutex) PAYSWITCH_THREAD_ATTRIBUTE(guarded_by(mutex))
#define REQUIRES(mutex) PAYSWITCH_THREAD_ATTRIBUTE(requires_capability(mutex))
#define ACQUIRE(...) PAYSWITCH_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) PAYSWITCH_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))

namespace payswitch::platform {

// std::mutex with these attributes, which libstdc++'s own lacks. For threads of platform/linux: the
// other modules run on the loop alone and hold no locks.
class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

// Holds a mutex until its scope ends; may let go of it in between.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() {
    if (is_held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() ACQUIRE() {
    mutex_.lock();
    is_held_ = true;
  }
  void unlock() RELEASE() {
    is_held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool is_held_ = true;
};

// A condition variable. It may wake up for no reason, so the caller waits in a loop that tests what
// it waits for: the compiler cannot see that a predicate handed in runs under the lock.
class Condition {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    changed_.wait(lock);
    lock.release();
  }
  // False: `deadline` has passed.
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline) REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool was_in_time = changed_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return was_in_time;
  }
  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

}  // namespace payswitch::platform
