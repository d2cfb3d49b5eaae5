#pragma once

#include "dispatch/dispatcher.h"
#include "platform/log.h"
#include "store/store.h"

namespace payswitch::app {

// Says loudly that the store is a restored copy, what that costs, what it does not cover, and how
// it ends (PROTOCOL 3.5). At each start; nothing when it is none.
void warn_if_restored(const dispatch::Dispatcher& dispatcher, const store::Store& store,
                      platform::Log& log);

}  // namespace payswitch::app
