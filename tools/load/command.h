#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "platform/clock.h"
#include "text/url.h"

namespace payswitch::lab::load {

struct Options {
  text::HttpUrl url;
  std::uint64_t rate = 0;  // payments a second
  platform::Duration duration{};
  std::size_t connections = 64;
  platform::Duration timeout = std::chrono::seconds(10);
  std::string json;              // a file for the figures, "-" for standard output; empty: none
  std::optional<pid_t> process;  // whose CPU time to tell
  std::string sync_directory;    // where to measure fdatasync afterwards; empty: not
};

// One line a second on standard error, the figures on standard output. True when no payment failed.
// An error is one line for a person.
std::expected<bool, std::string> run(const Options& options);

}  // namespace payswitch::lab::load
