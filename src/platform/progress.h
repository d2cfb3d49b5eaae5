#pragma once

#include <functional>
#include <string>

#include "platform/clock.h"

namespace payswitch::platform {

// Says how long work gets on: one line a second, none for what is over in one.
class Progress {
 public:
  using Tell = std::function<void(const std::string& line)>;

  Progress(const Clock& clock, Tell tell)
      : clock_(clock), tell_(std::move(tell)), last_(clock.now()) {}

  // `line` makes the text; it is not called when none is due.
  template <class Line>
  void at(Line line) {
    const auto now = clock_.now();
    if (now - last_ < interval) return;
    last_ = now;
    tell_(line());
  }

 private:
  static constexpr Duration interval = std::chrono::seconds(1);

  const Clock& clock_;
  Tell tell_;
  Instant last_;
};

}  // namespace payswitch::platform
