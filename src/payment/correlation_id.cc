#include "payment/correlation_id.h"

#include <cstring>
#include <random>

namespace payswitch::payment {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::uint8_t value = 0; value < digits.size(); ++value) {
    const char lower = digits[value];
    values[static_cast<unsigned char>(lower)] = value;
    if (value >= 10) values[static_cast<unsigned char>(lower - 'a' + 'A')] = value;
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> digit_values = make_digit_values();

constexpr bool hyphen_before(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

// Four secrets, drawn on first use. Without a source of randomness the process ends here.
struct Seed {
  std::array<std::uint64_t, 4> words{};

  Seed() {
    std::random_device device;
    for (auto& word : words) word = std::uint64_t{device()} << 32 | device();
  }
};

std::uint64_t load(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

using Product = unsigned __int128;

Product multiply(std::uint64_t a, std::uint64_t b) {
  return static_cast<Product>(a) * b;
}
std::uint64_t low(Product product) {
  return static_cast<std::uint64_t>(product);
}
std::uint64_t high(Product product) {
  return static_cast<std::uint64_t>(product >> 64);
}

// Two rounds: after the first, some input bits have reached only a part of the product.
std::uint64_t mix(const CorrelationId& id, const Seed& seed) {
  const auto& words = seed.words;
  const std::uint64_t front = load(id.bytes().data());
  const std::uint64_t back = load(id.bytes().data() + 8);
  const Product first = multiply(front ^ words[0], back ^ words[1]);
  const Product second = multiply(low(first) ^ words[2], high(first) ^ words[3]);
  return low(second) ^ high(second);
}

}  // namespace

std::optional<CorrelationId> CorrelationId::parse(std::string_view text) {
  if (text.size() != text_length) return std::nullopt;
  std::array<std::uint8_t, 16> bytes;
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (hyphen_before(i) && text[at++] != '-') return std::nullopt;
    const std::uint8_t high = digit_values[static_cast<unsigned char>(text[at++])];
    const std::uint8_t low = digit_values[static_cast<unsigned char>(text[at++])];
    if (high == no_digit || low == no_digit) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return CorrelationId(bytes);
}

void CorrelationId::write(char* out) const {
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (hyphen_before(i)) *out++ = '-';
    *out++ = digits[bytes_[i] >> 4];
    *out++ = digits[bytes_[i] & 15];
  }
}

void CorrelationId::append_to(std::string& out) const {
  std::array<char, text_length> text;
  write(text.data());
  out.append(text.data(), text.size());
}

std::string CorrelationId::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

}  // namespace payswitch::payment

std::size_t std::hash<payswitch::payment::CorrelationId>::operator()(
    const payswitch::payment::CorrelationId& id) const noexcept {
  static const payswitch::payment::Seed seed;
  return payswitch::payment::mix(id, seed);
}
