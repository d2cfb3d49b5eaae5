#include "api/unavailable.h"

#include <utility>

namespace payswitch::api {

void answer_unavailable(http::Responder respond, std::string detail) {
  static constexpr http::Field later{"Retry-After", "1"};
  respond_with_problem(std::move(respond),
                       {.status = 503,
                        .slug = "store-unavailable",
                        .title = "The store is unavailable at the moment",
                        .detail = std::move(detail),
                        .field = {}},
                       {&later, 1});
}

}  // namespace payswitch::api
