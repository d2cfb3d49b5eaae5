#pragma once

#include "api/accept.h"
#include "api/listing.h"
#include "api/options.h"
#include "api/router.h"
#include "api/status.h"
#include "api/summary.h"

namespace payswitch::api {

// What clients do with payments: hand one in, ask for one, ask for sums
// and for the payments behind them. Loop thread only.
class PaymentRoutes {
 public:
  PaymentRoutes(const Options& options, dispatch::Dispatcher& dispatcher, store::Store& store,
                platform::Timers& timers, const platform::Clock& clock, Counters& counters);

  // This outlives the router.
  void add_to(Router& router);

  // For those who wait: told when a payment has ended.
  Status& status() { return status_; }

 private:
  Accept accept_;
  Summary summary_;
  Status status_;
  Listing listing_;
};

}  // namespace payswitch::api
