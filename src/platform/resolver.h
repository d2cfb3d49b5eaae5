#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "platform/clock.h"

namespace payswitch::platform {

// As text: "10.0.0.1", "fe80::1%2".
using Addresses = std::vector<std::string>;

// Why a name has no address.
struct NoAddress {
  std::string why;       // one line for a person
  bool is_ours = false;  // we lack descriptors or memory: says nothing of the name
};

// Finds the addresses of hosts. No look-up waits for another one. Loop thread only.
class Resolver {
 public:
  using Done = std::move_only_function<void(std::expected<Addresses, NoAddress>)>;

  // Once destroyed it calls no callback any more, and waits for nothing.
  virtual ~Resolver() = default;

  // `done` is called once, later, from the loop; at least one address, the best first (RFC 6724).
  virtual void look_up(const std::string& name, Done done) = 0;
};

struct ResolverOptions {
  Duration first_try = std::chrono::seconds(1);  // each further round takes twice as long
  int tries = 3;                                 // of each name server
  Duration limit = std::chrono::seconds(20);     // of a whole look-up
  std::string servers;                           // "host:port,…"; empty: those of /etc/resolv.conf
};

}  // namespace payswitch::platform
