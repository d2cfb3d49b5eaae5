#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "platform/clock.h"

namespace payswitch::platform {

// What may wait for a reader of the log. A line beyond either of them is dropped.
struct LogLimits {
  std::size_t max_lines = 10'000;
  std::size_t max_bytes = 4 << 20;
};

// Lines on their way to a descriptor (a pipe, a file, a terminal) that may be slow, stalled or
// closed: a thread of its own writes them, so that no caller waits for a reader.
// What finds no room, or cannot be written, is dropped and counted; when it goes on, a line says
// how many are missing. Any thread, save for construction and destruction.
class LogWriter {
 public:
  // The line, with its end, that says how many were dropped. Called by any thread, by one at a
  // time.
  using SayDropped = std::function<std::string(std::uint64_t lines)>;

  // Throws std::system_error when no thread can be made. SIGPIPE has to be ignored.
  LogWriter(int descriptor, LogLimits limits, SayDropped say_dropped);
  // Flushes for at most `patience`, and leaves a thread behind that is stuck in a write.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  static constexpr Duration patience = std::chrono::milliseconds(500);

  // `line` ends with a line feed. Never blocks on the descriptor.
  void write(std::string_view line);

  // Waits until all that was written before is out, for `limit` at most. False: it is not.
  bool flush(Duration limit = patience);

  // Since the start.
  std::uint64_t dropped() const;

 private:
  struct State;

  static void run(State& state);

  // Shared with the thread, which may outlive us.
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace payswitch::platform
