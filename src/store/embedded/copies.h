#pragma once

#include <vector>

#include "store/embedded/payment.h"
#include "store/journal/record.h"

namespace payswitch::store::embedded {

// All that is known of a payment that is not settled, told again (PROTOCOL 4.5): with these records
// at the end of the journal, none of its earlier ones is needed. The first one is `copied`.
std::vector<Record> copied_records(const Payment& payment);

}  // namespace payswitch::store::embedded
