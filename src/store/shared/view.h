#pragma once

#include <cstddef>
#include <expected>
#include <optional>

#include "redis/reply.h"
#include "store/store.h"

namespace payswitch::store::shared {

// What is kept of a payment cannot be true of one: another program has written there.
struct Unsound {};

// What a reader is shown of a payment, from all fields of its hash; nullopt when there are none.
// Processors are numbers that a store can know, but may not have a name here yet. Pure.
std::expected<std::optional<PaymentView>, Unsound> view_of(const payment::CorrelationId& id,
                                                           const payswitch::redis::Reply& fields);

// How many processors must have names before it can be shown.
std::size_t names_needed(const PaymentView& view);

}  // namespace payswitch::store::shared
