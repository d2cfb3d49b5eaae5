#pragma once

#include <optional>
#include <string>

#include "reconcile/reconciler.h"

namespace payswitch::reconcile {

// What `payswitch audit` was asked for: of `data` and `url` exactly one.
struct Options {
  std::optional<std::string> data;  // a data directory
  std::optional<std::string> url;   // a switch
  std::string token;                // of the processors' /admin/
  ReconcilerOptions live;
  bool json = false;
  // Of a data directory: the names of the processors that are configured.
  std::optional<std::vector<std::string>> processors = {};
};

}  // namespace payswitch::reconcile
