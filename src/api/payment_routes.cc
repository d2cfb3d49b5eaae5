#include "api/payment_routes.h"

#include <utility>

namespace payswitch::api {

PaymentRoutes::PaymentRoutes(const Options& options, dispatch::Dispatcher& dispatcher,
                             store::Store& store, platform::Timers& timers,
                             const platform::Clock& clock, Counters& counters)
    : accept_(options, dispatcher, clock, counters),
      summary_(dispatcher, store, clock),
      status_(store, timers),
      listing_(store) {}

void PaymentRoutes::add_to(Router& router) {
  using http::Method;
  router.add(Method::post, "/payments", {}, [this](const auto& request, auto, auto respond) {
    accept_(request, std::move(respond));
  });
  router.add(
      Method::get, "/payments", {"from", "to", "cursor"},
      [this](const auto& request, auto, auto respond) { listing_(request, std::move(respond)); });
  router.add(
      Method::get, "/payments-summary", {"from", "to"},
      [this](const auto& request, auto, auto respond) { summary_(request, std::move(respond)); });
  router.add(Method::get, "/payments/", {"wait"},
             [this](const auto& request, auto id, auto respond) {
               status_(request, id, std::move(respond));
             });
}

}  // namespace payswitch::api
