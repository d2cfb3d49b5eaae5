#include "operate/drain.h"

namespace payswitch::operate {

void Drain::start(world::Callback done) {
  done_ = std::move(done);
  until_ = clock_.now() + patience;
  log_.info("stopping: {} payments are open", dispatcher_.open());
  server_.drain();
  dispatcher_.stop();
  look();
}

void Drain::look() {
  const bool ended = dispatcher_.is_quiet() && server_.drained();
  if (ended || clock_.now() >= until_) {
    log_.info("stopped: {}", ended ? "every attempt has ended"
                                   : "attempts without an answer are taken up at the next start");
    return done_();
  }
  timers_.after(look_every, [this] { look(); });
}

}  // namespace payswitch::operate
