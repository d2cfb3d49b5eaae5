#include "app/composition/drain.h"

#include <utility>

namespace payswitch::app {

void Drain::start(platform::Callback done) {
  done_ = std::move(done);
  until_ = clock_.now() + patience;
  log_.info("stopping: {} payments are open", dispatcher_.open());
  door_.close();
  dispatcher_.stop();
  look();
}

void Drain::look() {
  const bool ended = dispatcher_.is_quiet() && door_.is_deserted();
  if (ended || clock_.now() >= until_) {
    log_.info("stopped: {}", ended ? "every attempt has ended"
                                   : "attempts without an answer are taken up at the next start");
    return end_store();
  }
  timers_.after(look_every, [this] { look(); });
}

void Drain::end_store() {
  timers_.after(patience_with_store, [this] {
    if (!done_) return;
    log_.warn("the store could not be told that this is a clean stop: nothing is lost by that");
    std::exchange(done_, nullptr)();
  });
  store_.end([this] {
    if (done_) std::exchange(done_, nullptr)();
  });
}

}  // namespace payswitch::app
