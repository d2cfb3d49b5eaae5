#pragma once

#include <vector>

#include "store/embedded/payment.h"
#include "store/journal/record.h"

namespace payswitch::store::embedded {

// All that is known of a payment that is not settled, carried forward (PROTOCOL 4.5): with these
// records at the end of the journal, none of its earlier ones is needed. The first one is
// `carried_forward`.
std::vector<journal::Record> carried_forward_records(const Payment& payment);

}  // namespace payswitch::store::embedded
