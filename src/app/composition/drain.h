#pragma once

#include <functional>

#include "dispatch/dispatcher.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "store/store.h"

namespace payswitch::app {

// The way out: no new connections and no new attempts; what is in flight may end, for `patience` at
// most. What has not ended by then is durable as it is and is taken up again at the next start.
// Then the store says that this was a clean stop, in `patience_with_store` at most.
class Drain {
 public:
  static constexpr std::chrono::milliseconds patience{8'000};
  static constexpr std::chrono::milliseconds patience_with_store{1'000};
  static constexpr std::chrono::milliseconds look_every{10};

  // Where requests come in.
  struct Door {
    std::function<void()> close;        // no new connections; those that are idle end
    std::function<bool()> is_deserted;  // all connections have ended
  };

  Drain(Door door, dispatch::Dispatcher& dispatcher, store::Store& store, platform::Timers& timers,
        const platform::Clock& clock, platform::Log& log)
      : door_(std::move(door)),
        dispatcher_(dispatcher),
        store_(store),
        timers_(timers),
        clock_(clock),
        log_(log) {}

  // Calls `done` when everything has ended or time is up. Once.
  void start(platform::Callback done);

 private:
  void look();
  void end_store();

  const Door door_;
  dispatch::Dispatcher& dispatcher_;
  store::Store& store_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  platform::Log& log_;
  platform::Instant until_{};
  platform::Callback done_;
};

}  // namespace payswitch::app
