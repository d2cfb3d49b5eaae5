#pragma once

#include <deque>

#include "http/message.h"
#include "platform/loop.h"
#include "tools/processor/bodies.h"
#include "tools/processor/processor.h"

namespace payswitch::lab {

// Puts a processor behind a server: it sleeps and answers as the processor decides. Loop thread
// only. Timers hold on to it, so it lives as long as they run.
class Service {
 public:
  Service(Processor& processor, platform::Timers& timers, const platform::Clock& clock)
      : processor_(processor), timers_(timers), clock_(clock) {}

  void handle(const http::Request& request, http::Responder respond);

 private:
  struct Waiting {
    Post post;
    http::Responder respond;
  };

  void take_post(const http::Request& request, http::Responder respond);
  void run(Post post, http::Responder respond);
  void finish(const Post& post, http::Responder respond);
  void start_waiting();

  Processor& processor_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  PaymentReader reader_;
  std::deque<Waiting> waiting_;  // never longer than Processor::max_waiting
};

}  // namespace payswitch::lab
