#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "metrics/histogram.h"
#include "platform/clock.h"
#include "tools/load/outcome.h"

namespace payswitch::lab::load {

// What became of a number of requests. Latencies are those of the answers with a 2xx status: a
// failure that comes fast must not make the rest look better.
class Tally {
 public:
  void add(const Outcome& outcome, platform::Duration latency);

  std::uint64_t taken() const { return latency_.count(); }
  std::uint64_t failed() const;
  std::uint64_t count() const { return taken() + failed(); }
  const metrics::FineHistogram& latency() const { return latency_; }

  // "none", or "503 x 12, time-out x 3".
  std::string failures_text() const;
  // {"connect":0,"cut":0,"garbled":0,"time-out":3,"status":{"503":12}}
  std::string failures_json() const;

 private:
  metrics::FineHistogram latency_;
  std::map<unsigned, std::uint64_t> statuses_;
  std::array<std::uint64_t, trouble_count> troubles_{};
};

// Milliseconds with three places: "12.345".
std::string in_ms(platform::Duration span);

// "p50 0.812  p90 1.203  p99 2.310  p99.9 5.105  max 9.880 ms"
std::string latency_text(const metrics::FineHistogram& latency);
// {"p50":0.812,"p90":1.203,"p99":2.310,"p99.9":5.105,"max":9.880}
std::string latency_json(const metrics::FineHistogram& latency);

}  // namespace payswitch::lab::load
