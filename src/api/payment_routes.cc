#include "api/payment_routes.h"

#include <utility>

namespace payswitch::api {

PaymentRoutes::PaymentRoutes(dispatch::Dispatcher& dispatcher, store::Store& store,
                             world::Timers& timers, const world::Clock& clock, Counters& counters)
    : accept_(dispatcher, clock, counters),
      summary_(dispatcher, store, clock),
      status_(store, timers),
      listing_(store) {}

void PaymentRoutes::add_to(Router& router) {
  using http::Method;
  router.add(Method::post, "/payments", [this](const auto& request, auto, auto respond) {
    accept_(request, std::move(respond));
  });
  router.add(Method::get, "/payments", [this](const auto& request, auto, auto respond) {
    listing_(request, std::move(respond));
  });
  router.add(Method::get, "/payments-summary", [this](const auto& request, auto, auto respond) {
    summary_(request, std::move(respond));
  });
  router.add(Method::get, "/payments/", [this](const auto& request, auto id, auto respond) {
    status_(request, id, std::move(respond));
  });
}

}  // namespace payswitch::api
