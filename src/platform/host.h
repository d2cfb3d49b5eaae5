#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "platform/clock.h"
#include "platform/resolver.h"

namespace payswitch::platform {

// Where one host is. Its last good addresses are used while a new look-up runs, and when it fails.
// One look-up at a time. Loop thread only.
class Host {
 public:
  // Older ones are looked up anew at the next connection.
  static constexpr Duration fresh_for = std::chrono::seconds(30);
  // … and those that did not lead to a connection, but not more often than this.
  static constexpr Duration doubted_for = std::chrono::seconds(1);

  // A look-up is over: there are addresses now, or there is still none, and why.
  using LookedUp = std::function<void(const std::expected<Addresses, NoAddress>&)>;

  // `name` may be an address: then that is it, for ever. The resolver and the clock outlive us.
  Host(std::string name, Resolver& resolver, const Clock& clock, LookedUp looked_up);

  // A connection is wanted: starts a look-up when one is due.
  void want();

  // No connection was made to any of its addresses.
  void doubt() { is_doubted_ = true; }

  // The last good ones; empty: wait for LookedUp.
  const Addresses& addresses() const { return addresses_; }

 private:
  bool is_due(Instant now) const;
  void take(std::expected<Addresses, NoAddress> found);

  const std::string name_;
  Resolver& resolver_;
  const Clock& clock_;
  const LookedUp looked_up_;
  const bool is_literal_;
  Addresses addresses_;
  bool is_looking_ = false;
  bool is_doubted_ = false;
  std::optional<Instant> looked_at_;
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace payswitch::platform
