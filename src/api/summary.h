#pragma once

#include "dispatch/dispatcher.h"
#include "http/message.h"
#include "platform/clock.h"
#include "store/store.h"

namespace payswitch::api {

// GET /payments-summary?from=&to=: what was settled where, by the requestedAt that was sent to the
// processor. Both ends inclusive, each optional; `from` rounded up and `to` down to the
// millisecond. The field Payswitch-Final-Until says up to where no later attempt can join it
// (PROTOCOL 6); where that is not known, there is none.
class Summary {
 public:
  Summary(dispatch::Dispatcher& dispatcher, store::Store& store, const platform::Clock& clock)
      : dispatcher_(dispatcher), store_(store), clock_(clock) {}

  void operator()(const http::Request& request, http::Responder respond);

 private:
  void tell(const books::Window& window, std::optional<payment::UtcMs> final_until,
            http::Responder respond);

  dispatch::Dispatcher& dispatcher_;
  store::Store& store_;
  const platform::Clock& clock_;
};

}  // namespace payswitch::api
