#pragma once

#include "http/message.h"
#include "store/store.h"

namespace payswitch::api {

// GET /payments?from=&to=&cursor=: the payments behind a sum, and those that may still join it: one
// page of those that were sent or settled with a requestedAt in the window, as GET /payments/{id}
// shows them, and the cursor of the next page.
class Listing {
 public:
  explicit Listing(store::Store& store) : store_(store) {}

  void operator()(const http::Request& request, http::Responder respond);

 private:
  store::Store& store_;
};

}  // namespace payswitch::api
