#pragma once

#include <optional>

#include "redis/reply.h"
#include "store/store.h"

namespace payswitch::store::redis {

// What a reader is shown of a payment, from all fields of its hash; nullopt when there are none.
// Pure.
std::optional<PaymentView> view_of(const payment::CorrelationId& id,
                                   const payswitch::redis::Reply& fields);

}  // namespace payswitch::store::redis
