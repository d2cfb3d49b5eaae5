#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/processor_number.h"
#include "payment/time.h"
#include "platform/disk.h"

// The same payments for every store that is measured.
namespace payswitch::bench {

struct Payment {
  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs accepted_at;
  payment::UtcMs requested_at;
  payment::UtcMs settled_at;
};

inline constexpr payment::ProcessorNumber processor = 0;

// SplitMix64: ids must not come in the order in which a tree would like them.
inline std::uint64_t scatter(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// Payments arrive at 32 a millisecond, about what one machine takes over HTTP.
inline Payment payment_number(std::uint64_t number) {
  const std::array<std::uint64_t, 2> words{scatter(2 * number), scatter(2 * number + 1)};
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), words.data(), bytes.size());
  const auto accepted_at = 1'750'000'000'000 + static_cast<std::int64_t>(number / 32);
  return {.id = payment::CorrelationId(bytes),
          .amount = payment::Money::from_cents(1 + static_cast<std::int64_t>(number % 10'000)),
          .accepted_at = {accepted_at},
          .requested_at = {accepted_at},
          .settled_at = {accepted_at + 2}};
}

struct Setup {
  std::string directory;
  platform::Durability durability = platform::Durability::fsync;
  std::uint64_t turn = 32;  // payments that are accepted together
};

// A store that is open and ready. One that fails ends the process with a line on standard error:
// there is nothing to measure then.
class Candidate {
 public:
  virtual ~Candidate() = default;

  // Once. A turn settles the payments that the turn before accepted and accepts as many new ones,
  // each with its first intent, after a look-up of its id. The next turn begins when all of that is
  // durable. Returns when the last payment is settled and nothing is left to do, in the background
  // neither.
  virtual void pay(std::uint64_t end) = 0;

  // Makes sure that the payments up to `end` are there, and settled.
  virtual void check(std::uint64_t end) = 0;
};

std::unique_ptr<Candidate> open_embedded(const Setup& setup);
std::unique_ptr<Candidate> open_rocksdb(const Setup& setup);

[[noreturn]] void give_up(const std::string& line);

}  // namespace payswitch::bench
