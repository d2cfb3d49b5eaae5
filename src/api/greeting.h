#pragma once

#include "http/message.h"
#include "platform/clock.h"

namespace payswitch::api {

// GET /: the contract's greeting, {"message":"Hello, World!","status":"success","timestamp":<ms>}.
void greet(const platform::Clock& clock, http::Responder respond);

}  // namespace payswitch::api
