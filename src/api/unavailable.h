#pragma once

#include "http/problem.h"

namespace payswitch::api {

// The store cannot be asked at the moment: 503 with Retry-After. `detail` is for the one who asked.
void answer_unavailable(http::Responder respond, std::string detail);

}  // namespace payswitch::api
