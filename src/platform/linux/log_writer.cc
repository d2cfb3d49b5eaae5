#include "platform/linux/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "platform/linux/mutex.h"

namespace payswitch::platform {

namespace {

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

// What could not be written of `text`.
std::string_view write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Another process has made the open file non-blocking for all that share it.
      pollfd wait{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return text;
    }
  }
  return text;
}

}  // namespace

struct LogWriter::State {
  State(int to, LogLimits most, SayDropped say)
      : descriptor(to), limits(most), say_dropped(std::move(say)) {}

  const int descriptor;
  const LogLimits limits;
  const SayDropped say_dropped;

  Mutex mutex;
  Condition changed;  // for the thread
  Condition written;  // for those who flush
  std::string queued GUARDED_BY(mutex);
  std::size_t lines GUARDED_BY(mutex) = 0;  // queued or being written
  std::size_t bytes GUARDED_BY(mutex) = 0;  // the same
  std::uint64_t dropped GUARDED_BY(mutex) = 0;
  std::uint64_t said GUARDED_BY(mutex) = 0;     // of those
  std::uint64_t notices GUARDED_BY(mutex) = 0;  // queued lines that say so
  bool ending GUARDED_BY(mutex) = false;
  bool ended GUARDED_BY(mutex) = false;

  bool has_room_for(std::string_view line) const REQUIRES(mutex) {
    return lines < limits.max_lines && bytes + line.size() <= limits.max_bytes;
  }
  void add(std::string_view line) REQUIRES(mutex) {
    queued += line;
    bytes += line.size();
    ++lines;
  }
  void say_what_was_dropped() REQUIRES(mutex) {
    if (said == dropped) return;
    add(say_dropped(dropped - std::exchange(said, dropped)));
    ++notices;
  }
  // `text` could not be written: what it said of others has to be said again.
  void lose(std::string_view text, std::uint64_t its_notices, std::uint64_t said_before)
      REQUIRES(mutex) {
    const std::uint64_t lost = lines_in(text);
    dropped += lost - std::min(lost, its_notices);
    said = std::min(said, said_before);
  }
};

LogWriter::LogWriter(int descriptor, LogLimits limits, SayDropped say_dropped)
    : state_(std::make_shared<State>(descriptor, limits, std::move(say_dropped))),
      thread_([state = state_] { run(*state); }) {}

LogWriter::~LogWriter() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  MutexLock lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_one();
  bool is_in_time = true;
  while (!state_->ended && is_in_time) {
    is_in_time = state_->written.wait_until(state_->mutex, deadline);
  }
  const bool is_stuck = !state_->ended;
  lock.unlock();
  is_stuck ? thread_.detach() : thread_.join();
}

void LogWriter::write(std::string_view line) {
  assert(line.ends_with('\n'));
  {
    const MutexLock lock(state_->mutex);
    if (!state_->has_room_for(line)) {
      ++state_->dropped;
      return;
    }
    state_->say_what_was_dropped();
    state_->add(line);
  }
  state_->changed.notify_one();
}

bool LogWriter::flush(Duration limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const MutexLock lock(state_->mutex);
  bool is_in_time = true;
  while (state_->lines > 0 && is_in_time) {
    is_in_time = state_->written.wait_until(state_->mutex, deadline);
  }
  return state_->lines == 0;
}

std::uint64_t LogWriter::dropped() const {
  const MutexLock lock(state_->mutex);
  return state_->dropped;
}

void LogWriter::run(State& state) {
  MutexLock lock(state.mutex);
  std::uint64_t said_and_out = 0;
  while (!state.ending || !state.queued.empty()) {
    while (!state.ending && state.queued.empty()) state.changed.wait(state.mutex);
    const std::string text = std::exchange(state.queued, {});
    const std::uint64_t notices = std::exchange(state.notices, 0);
    const std::uint64_t said = state.said;
    const std::size_t lines = state.lines;
    lock.unlock();
    const std::string_view lost = write_all(state.descriptor, text);
    lock.lock();
    state.lines -= lines;
    state.bytes -= text.size();
    if (!lost.empty()) {
      state.lose(lost, notices, said_and_out);
    } else {
      said_and_out = said;
      // The reader goes on, and nothing more may be said for a while.
      if (state.queued.empty()) state.say_what_was_dropped();
    }
    if (state.lines == 0) state.written.notify_all();
  }
  state.ended = true;
  state.written.notify_all();
}

}  // namespace payswitch::platform
