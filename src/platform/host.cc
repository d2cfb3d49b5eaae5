#include "platform/host.h"

#include <arpa/inet.h>

#include <array>
#include <utility>

namespace payswitch::platform {

namespace {

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  const std::string without_zone = name.substr(0, name.find('%'));
  return ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, without_zone.c_str(), address.data()) == 1;
}

}  // namespace

Host::Host(std::string name, Resolver& resolver, const Clock& clock, LookedUp looked_up)
    : name_(std::move(name)),
      resolver_(resolver),
      clock_(clock),
      looked_up_(std::move(looked_up)),
      is_literal_(is_address(name_)) {
  if (is_literal_) addresses_ = {name_};
}

bool Host::is_due(Instant now) const {
  if (is_literal_ || is_looking_) return false;
  if (addresses_.empty() || !looked_at_) return true;
  return now - *looked_at_ >= (is_doubted_ ? doubted_for : fresh_for);
}

void Host::want() {
  const Instant now = clock_.now();
  if (!is_due(now)) return;
  is_looking_ = true;
  looked_at_ = now;
  resolver_.look_up(name_, [this, alive = std::weak_ptr(alive_)](auto found) {
    if (!alive.expired()) take(std::move(found));
  });
}

void Host::take(std::expected<Addresses, NoAddress> found) {
  is_looking_ = false;
  if (found) {
    is_doubted_ = false;
    addresses_ = *found;
  }
  looked_up_(found);
}

}  // namespace payswitch::platform
