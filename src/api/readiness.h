#pragma once

#include "dispatch/dispatcher.h"
#include "http/message.h"
#include "store/store.h"

namespace payswitch::app {

// GET /healthz: 200 for as long as the loop turns.
void answer_healthz(http::Responder respond);

// GET /readyz: 200 when payments can be taken and sent, with the durability that they are kept
// with, "restored":true while each is asked for first (--restored), and the names of processors
// that are not configured and may have charged what is open; 503 and why otherwise (no processors
// are configured; the store is away; stopping).
void answer_readyz(const dispatch::Dispatcher& dispatcher, const store::Store& store,
                   std::string_view durability, http::Responder respond);

}  // namespace payswitch::app
