#pragma once

#include <string>

#include "http/message.h"

namespace payswitch::app {

// Answers while the store is not open yet: GET /healthz 200, GET /readyz 503 with the reason, and
// everything else 503 with Retry-After, a payment too. Loop thread only.
class Starting {
 public:
  // One line for a person.
  void waits_for(std::string why) { why_ = std::move(why); }

  void answer(const http::Request& request, http::Responder respond) const;

 private:
  std::string why_ = "the store is being opened";
};

}  // namespace payswitch::app
