#pragma once

#include <expected>
#include <string>

#include "tools/contest/contest.h"

namespace payswitch::lab::contest {

struct Options {
  Contestants contestants;
  double scale = 1;
  std::string json;  // a file for the figures, "-" for standard output; empty: none
};

// One line a second on standard error, the table on standard output. True when the run passed. An
// error is one line for a person.
std::expected<bool, std::string> run(const Options& options);

}  // namespace payswitch::lab::contest
