#pragma once

#include "dispatch/dispatcher.h"
#include "http/message.h"
#include "platform/clock.h"
#include "store/store.h"

namespace payswitch::api {

// GET /processors: each configured processor, cheapest first: name, url, fee, breaker and why,
// health and its age, what is in flight and how much may be. Then those that are not configured and
// may have charged payments that are open: name, origin, how many and how much.
void list_processors(const dispatch::Dispatcher& dispatcher, const store::Store& store,
                     const platform::Clock& clock, http::Responder respond);

}  // namespace payswitch::api
