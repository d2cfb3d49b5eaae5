#include "tools/load/payment.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace payswitch::lab::load {

payment::CorrelationId new_id(platform::Random& random) {
  std::array<std::uint8_t, 16> bytes;
  const std::uint64_t halves[] = {random.next(), random.next()};
  static_assert(sizeof halves == sizeof bytes);
  std::memcpy(bytes.data(), halves, sizeof bytes);
  // RFC 9562, section 5.4: the version and the variant.
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return payment::CorrelationId(bytes);
}

std::string payment_body(const payment::CorrelationId& id, payment::Money amount) {
  return fmt::format(R"({{"correlationId":"{}","amount":{}}})", id.to_string(), amount.to_string());
}

}  // namespace payswitch::lab::load
