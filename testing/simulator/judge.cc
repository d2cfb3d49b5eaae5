#include "testing/simulator/judge.h"

namespace payswitch::lab::simulator {

payment::CorrelationId id_of(std::uint32_t n) {
  std::array<std::uint8_t, 16> bytes{};
  std::uint64_t mixed = (n + 1) * 0x9e3779b97f4a7c15ull;
  for (std::size_t i = 0; i < 8; ++i, mixed >>= 8) bytes[i] = static_cast<std::uint8_t>(mixed);
  for (std::size_t i = 0; i < 4; ++i) bytes[15 - i] = static_cast<std::uint8_t>(n >> 8 * i);
  return payment::CorrelationId(bytes);
}

std::uint32_t number_of(const payment::CorrelationId& id) {
  std::uint32_t n = 0;
  for (std::size_t i = 12; i < 16; ++i) n = n << 8 | id.bytes()[i];
  return n;
}

}  // namespace payswitch::lab::simulator
