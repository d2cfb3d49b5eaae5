#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace payswitch::platform {

enum class Level : std::uint8_t { debug, info, warn, error };

// Where the switch says what an operator should know. One line a call. Any thread.
class Log {
 public:
  virtual ~Log() = default;

  virtual bool enabled(Level level) const = 0;
  virtual void write(Level level, std::string_view line) = 0;

  template <class... Args>
  void debug(fmt::format_string<Args...> text, Args&&... args) {
    say(Level::debug, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> text, Args&&... args) {
    say(Level::info, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> text, Args&&... args) {
    say(Level::warn, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) {
    say(Level::error, text, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void say(Level level, fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(level)) write(level, fmt::format(text, std::forward<Args>(args)...));
  }
};

}  // namespace payswitch::platform
