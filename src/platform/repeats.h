#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "platform/clock.h"
#include "platform/log.h"

namespace payswitch::platform {

// Whether something that happens again and again is said once more. The first `at_once` times of a
// series are; after them it is counted, and said with the count at growing intervals. Pure.
class Repeats {
 public:
  // Between what is said beyond the first ones; the last stays.
  static constexpr std::array<Duration, 3> pauses{std::chrono::minutes(1), std::chrono::minutes(10),
                                                  std::chrono::hours(1)};
  // A series ends when nothing has happened for so long.
  static constexpr Duration forgotten_after = std::chrono::minutes(10);

  explicit Repeats(std::uint32_t at_once = 1) : at_once_(at_once) {}

  // It has happened. How often since it was last said, this time included; nullopt: not to be said.
  std::optional<std::uint64_t> happened(Instant now);

  // As happened() would say, of what is counted only: when it has not happened for `quiet`. So the
  // last change of what keeps changing is said.
  std::optional<std::uint64_t> rested(Instant now, Duration quiet);

 private:
  std::uint64_t say(Instant now);

  std::uint32_t at_once_;
  std::uint32_t said_ = 0;    // in this series; stops counting when it does not matter any more
  std::uint64_t unsaid_ = 0;  // since it was last said
  Instant last_{};
  Instant last_said_{};
};

// A line of the log that others can provoke at any rate: one object a place in the code and, where
// it speaks of one, a processor. Never one a text that comes from outside.
class RepeatedLine {
 public:
  explicit RepeatedLine(std::uint32_t at_once = 1) : repeats_(at_once) {}

  template <class... Args>
  void say(Log& log, Level level, Instant now, fmt::format_string<Args...> text, Args&&... args) {
    const auto times = repeats_.happened(now);
    if (!times || !log.enabled(level)) return;
    std::string line = fmt::format(text, std::forward<Args>(args)...);
    if (*times > 1)
      line += fmt::format(" (and {} times more since this was last said)", *times - 1);
    log.write(level, line);
  }

  Repeats& repeats() { return repeats_; }

 private:
  Repeats repeats_;
};

}  // namespace payswitch::platform
