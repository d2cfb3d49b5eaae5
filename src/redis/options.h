#pragma once

#include <cstddef>
#include <string>

#include "platform/clock.h"
#include "redis/address.h"

namespace payswitch::redis {

struct Options {
  Address address;
  std::string ca_file;  // for rediss://; empty: the certificates that the system trusts

  platform::Duration connect_timeout = std::chrono::seconds(2);  // handshake included
  platform::Duration command_timeout = std::chrono::seconds(5);  // then the connection is cut
  platform::Duration linger = std::chrono::milliseconds(10);     // of what is lazy
  platform::Duration backoff_base = std::chrono::milliseconds(50);
  platform::Duration backoff_cap = std::chrono::milliseconds(500);

  std::size_t max_outstanding = 200'000;       // commands without a reply
  std::size_t max_unsent_bytes = 64ull << 20;  // gathered, and not yet written
  std::size_t max_reply_bytes = 64ull << 20;   // of one reply; beyond it: garbled
};

}  // namespace payswitch::redis
