#pragma once

#include <fmt/format.h>

#include <cstdio>

#include "platform/log.h"
#include "testing/world/world.h"

namespace payswitch::lab::simulator {

// What happens, one line an event, with virtual time; nothing when it is off.
class Trace {
 public:
  // nullptr: off.
  Trace(const World& world, std::FILE* out) : world_(world), out_(out) {}

  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) const {
    if (out_) write(fmt::format(text, std::forward<Args>(args)...));
  }
  bool is_on() const { return out_ != nullptr; }

 private:
  void write(const std::string& line) const {
    const auto us = std::chrono::floor<std::chrono::microseconds>(world_.now().time_since_epoch());
    fmt::print(out_, "{:>5}.{:06} {}\n", us.count() / 1'000'000, us.count() % 1'000'000, line);
  }

  const World& world_;
  std::FILE* out_;
};

// The switch's own log, as part of the trace.
class TracedLog final : public platform::Log {
 public:
  explicit TracedLog(const Trace& trace) : trace_(trace) {}
  bool enabled(platform::Level) const override { return trace_.is_on(); }
  void write(platform::Level, std::string_view line) override { trace_.say("log: {}", line); }

 private:
  const Trace& trace_;
};

}  // namespace payswitch::lab::simulator
