#include "text/utf8.h"

#include <algorithm>
#include <cassert>

namespace payswitch::text {

namespace {

// What the first byte of a UTF-8 sequence allows (Unicode 15, table 3-7): its length, and the range
// of its second byte, which rules out overlong forms, surrogates and what lies beyond U+10FFFF.
struct Lead {
  std::size_t length;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xbf;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte >= 0xc2 && byte <= 0xdf) return {2};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {3};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {4};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0};
}

// The length of the valid sequence at the start of `text`; 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const Lead lead = lead_of(static_cast<unsigned char>(text.front()));
  if (lead.length > text.size()) return 0;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char min = i == 1 ? lead.second_min : 0x80;
    const unsigned char max = i == 1 ? lead.second_max : 0xbf;
    if (byte < min || byte > max) return 0;
  }
  return lead.length;
}

bool continues_a_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

}  // namespace

bool Character::is_c0_control() const {
  return is_utf8 && bytes.size() == 1 && (last_byte() < 0x20 || last_byte() == 0x7f);
}

bool Character::is_c1_control() const {
  return is_utf8 && bytes.size() == 2 && bytes.front() == '\xc2' && last_byte() < 0xa0;
}

Character first_character(std::string_view text) {
  assert(!text.empty());
  const std::size_t length = sequence_length(text);
  return {text.substr(0, std::max<std::size_t>(length, 1)), length > 0};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (!character.is_utf8) return false;
    text.remove_prefix(character.bytes.size());
  }
  return true;
}

std::string_view cut_to(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && continues_a_character(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace payswitch::text
