#pragma once

#include <cstdint>
#include <string_view>

#include "http/problem.h"

namespace payswitch::http {

// Why the server itself turns a request or a connection away.
enum class Rejection : std::uint8_t {
  none,
  malformed,                // 400
  timed_out,                // 408
  body_too_large,           // 413
  expectation_failed,       // 417
  headers_too_large,        // 431
  unknown_transfer_coding,  // 501
  too_many_connections,     // 503
  unknown_version,          // 505
};

// The problem to answer with; `detail` may be empty.
Problem to_problem(Rejection rejection, std::string_view detail = {});

}  // namespace payswitch::http
