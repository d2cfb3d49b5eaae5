#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "store/store.h"

// Payments to test with, in a few words each.
namespace payswitch::store {

inline constexpr payment::ProcessorNumber cheap = 0;
inline constexpr payment::ProcessorNumber dear = 1;

// Ids that differ in their last bytes.
inline payment::CorrelationId test_id(std::uint32_t number) {
  std::array<std::uint8_t, 16> bytes{0x55, 0x0e};
  for (std::size_t i = 0; i < 4; ++i) bytes[12 + i] = static_cast<std::uint8_t>(number >> 8 * i);
  return payment::CorrelationId(bytes);
}

inline payment::Money cents(std::int64_t value) {
  return payment::Money::from_cents(value);
}

inline payment::UtcMs at(std::int64_t value) {
  return {1'749'945'600'000 + value};
}

inline Intent intent(std::uint32_t number, payment::UtcMs requested_at,
                     payment::ProcessorNumber processor = cheap) {
  return {.processor = processor, .number = number, .requested_at = requested_at};
}

inline Acceptance acceptance(std::uint32_t number, std::int64_t amount = 1990,
                             std::optional<Intent> first = std::nullopt) {
  return {.id = test_id(number),
          .amount = cents(amount),
          .accepted_at = at(number),
          .intent = first,
          .admit_new = true};
}

inline Settlement settlement(const Intent& intent, std::int64_t amount = 1990) {
  return {.processor = intent.processor,
          .number = intent.number,
          .requested_at = intent.requested_at,
          .amount = cents(amount),
          .settled_at = {intent.requested_at.value + 5},
          .finding = false};
}

}  // namespace payswitch::store
