#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/log.h"

namespace payswitch::lab {

// Keeps every line, so that a test can ask what an operator would have read. One thread.
class CollectedLog final : public platform::Log {
 public:
  struct Line {
    platform::Level level;
    std::string text;
  };

  bool enabled(platform::Level) const override { return true; }
  void write(platform::Level level, std::string_view line) override {
    lines_.push_back({level, std::string(line)});
  }

  const std::vector<Line>& lines() const { return lines_; }

  // How many lines of this level contain `part`.
  std::size_t count(platform::Level level, std::string_view part) const {
    std::size_t found = 0;
    for (const auto& line : lines_) {
      if (line.level == level && line.text.find(part) != std::string::npos) ++found;
    }
    return found;
  }

  void clear() { lines_.clear(); }

 private:
  std::vector<Line> lines_;
};

}  // namespace payswitch::lab
