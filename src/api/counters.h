#pragma once

#include "metrics/histogram.h"

namespace payswitch::api {

struct Counters {
  metrics::Histogram accept;  // from a payment's last byte to its 202, replays included
};

}  // namespace payswitch::api
