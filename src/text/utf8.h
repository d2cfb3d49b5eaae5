#pragma once

#include <cstddef>
#include <string_view>

namespace payswitch::text {

// One character of a text that may hold any bytes: a well-formed UTF-8 sequence (no overlong form,
// no surrogate, nothing beyond U+10FFFF), or one byte that begins none.
struct Character {
  std::string_view bytes;
  bool is_utf8 = true;

  // U+0000 to U+001F, and U+007F.
  bool is_c0_control() const;
  // U+0080 to U+009F: a terminal may obey them as it obeys ESC and what follows.
  bool is_c1_control() const;
  // The last of its bytes; of a control character, and of a byte that is no UTF-8, all of it.
  unsigned char last_byte() const { return static_cast<unsigned char>(bytes.back()); }
};

// The character that `text` begins with. `text` must not be empty.
Character first_character(std::string_view text);

bool is_utf8(std::string_view text);

// The beginning of `text`, of at most `max_bytes` and cut between two characters. Where no
// character begins there, it is empty.
std::string_view cut_to(std::string_view text, std::size_t max_bytes);

}  // namespace payswitch::text
