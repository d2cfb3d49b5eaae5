#pragma once

#include <optional>
#include <string>

#include "reconcile/live.h"

namespace payswitch::audit {

// What `payswitch audit` was asked for: of `data` and `url` exactly one.
struct Options {
  std::optional<std::string> data;  // a data directory
  std::optional<std::string> url;   // a switch
  std::string token;                // of the processors' /admin/
  LiveOptions live;
  bool json = false;
  // Of a data directory: the names of the processors that are configured.
  std::optional<std::vector<std::string>> processors = {};
};

inline constexpr int exit_equal = 0;
inline constexpr int exit_findings = 1;
inline constexpr int exit_could_not_ask = 2;
inline constexpr int exit_unasked = 3;  // no findings, but payments at processors nobody asks

}  // namespace payswitch::audit
