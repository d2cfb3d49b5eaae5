#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch::payment {

// The client's name for a payment, and its idempotency key for life: a UUID of any version
// (RFC 9562). Upper and lower case are the same id; it is written in lower case.
class CorrelationId {
 public:
  static constexpr std::size_t text_length = 36;

  // The all-zero id: what a default-constructed record holds.
  CorrelationId() = default;
  explicit CorrelationId(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  // 8-4-4-4-12 hexadecimal digits with hyphens, nothing before or after; else nullopt.
  static std::optional<CorrelationId> parse(std::string_view text);

  // Exactly text_length characters, no terminator.
  void write(char* out) const;
  void append_to(std::string& out) const;
  std::string to_string() const;

  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  auto operator<=>(const CorrelationId&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace payswitch::payment

// Clients choose the ids, so the hash mixes all bytes with a seed drawn at start.
template <>
struct std::hash<payswitch::payment::CorrelationId> {
  // Tells boost::unordered_flat_map that no second mixing is needed.
  using is_avalanching = void;
  std::size_t operator()(const payswitch::payment::CorrelationId& id) const noexcept;
};
