#pragma once

#include <deque>

#include "http/message.h"
#include "platform/loop.h"
#include "tools/processor/bodies.h"
#include "tools/processor/processor.h"
#include "tools/processor/response.h"

namespace payswitch::lab {

// A processor's requests, each answered when the processor says so. Loop thread only. Timers hold
// on to it, so it lives as long as they run.
class Service {
 public:
  Service(Processor& processor, platform::Timers& timers, const platform::Clock& clock)
      : processor_(processor), timers_(timers), clock_(clock) {}

  void handle(const http::Request& request, Respond respond);

 private:
  struct Waiting {
    Post post;
    Respond respond;
  };

  void take_post(const http::Request& request, Respond respond);
  void run(Post post, Respond respond);
  void finish(const Post& post, Respond respond);
  void start_waiting();

  Processor& processor_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  PaymentReader reader_;
  std::deque<Waiting> waiting_;  // never longer than Processor::max_waiting
};

}  // namespace payswitch::lab
