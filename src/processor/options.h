#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace payswitch::processor {

// One configured processor.
struct Options {
  std::string name;
  std::string host;
  std::uint16_t port = 80;
  std::string base_path;          // of the URL, without a trailing slash; usually empty
  std::string url;                // as configured, to show
  std::int64_t fee_ppm = 50'000;  // parts per million of the amount
  std::string dialect = "rinha";
  std::chrono::milliseconds attempt_timeout{6'000};
  std::chrono::milliseconds hang_up{60'000};
  std::uint32_t max_in_flight = 800;
  std::optional<std::chrono::milliseconds> max_processing_time = {};
};

}  // namespace payswitch::processor
