#pragma once

#include <map>

#include "payment/money.h"
#include "payment/processor_number.h"

namespace payswitch::dispatch {

// Open payments that may be charged at a processor that is not configured: no request of ours asks
// that one, so they stay open until it is configured again. Within one life none of them ends.
class StrandedPayments {
 public:
  // The first one of its processor.
  bool add(payment::ProcessorNumber processor, payment::Money amount) {
    payment::Total& total = by_processor_[processor];
    total.add(amount);
    return total.count == 1;
  }

  const std::map<payment::ProcessorNumber, payment::Total>& by_processor() const {
    return by_processor_;
  }

 private:
  std::map<payment::ProcessorNumber, payment::Total> by_processor_;
};

}  // namespace payswitch::dispatch
