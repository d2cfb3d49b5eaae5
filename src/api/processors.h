#pragma once

#include "dispatch/dispatcher.h"
#include "http/message.h"
#include "world/clock.h"

namespace payswitch::api {

// GET /processors: each configured processor, cheapest first: name, url, fee, breaker and why,
// health and its age, what is in flight and how much may be.
void list_processors(const dispatch::Dispatcher& dispatcher, const world::Clock& clock,
                     http::Responder respond);

}  // namespace payswitch::api
