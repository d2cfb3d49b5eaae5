#pragma once

#include <optional>
#include <string>
#include <vector>

#include "payment/money.h"
#include "store/store.h"

namespace payswitch::store {

// What a settlement says otherwise than what was accepted and sent, for a person. The store keeps
// both; neither has to be right. An attempt that is no longer remembered is not compared.
std::optional<std::string> difference(payment::Money accepted,
                                      const std::vector<AttemptView>& attempts,
                                      const Settlement& settlement);

}  // namespace payswitch::store
