#pragma once

#include <string>
#include <vector>

#include "store/store.h"

namespace payswitch::api {

// One payment as clients see it. `names` are the store's.
std::string to_json(const store::PaymentView& view, const std::vector<std::string>& names);

}  // namespace payswitch::api
