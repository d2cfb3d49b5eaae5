#include "app/starting.h"

#include "api/readiness.h"
#include "api/unavailable.h"
#include "http/problem.h"

namespace payswitch::app {

void Starting::answer(const http::Request& request, http::Responder respond) const {
  const bool reads = request.method == http::Method::get || request.method == http::Method::head;
  if (reads && request.path == "/healthz") return answer_healthz(std::move(respond));
  if (reads && request.path == "/readyz") {
    return respond_with_problem(std::move(respond), {.status = 503,
                                                     .slug = "not-ready",
                                                     .title = "Not ready",
                                                     .detail = "starting: " + why_,
                                                     .field = {}});
  }
  api::answer_unavailable(std::move(respond), "the switch is starting: nothing was done");
}

}  // namespace payswitch::app
