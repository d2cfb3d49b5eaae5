#include "platform/linux/log_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>

namespace payswitch::platform {
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

// The next character of a text: one valid sequence, or one byte that belongs to none.
struct Character {
  std::string_view bytes;
  bool is_utf8;

  unsigned char first() const { return static_cast<unsigned char>(bytes.front()); }
  bool is_c0() const { return is_utf8 && bytes.size() == 1 && (first() < 0x20 || first() == 0x7f); }
  // U+0080 to U+009F: a terminal may obey them as it obeys ESC and what follows.
  bool is_c1() const {
    return is_utf8 && bytes.size() == 2 && first() == 0xc2 &&
           static_cast<unsigned char>(bytes[1]) < 0xa0;
  }
};

Character first_of(std::string_view text) {
  const std::size_t length = sequence_length(text);
  return {text.substr(0, std::max<std::size_t>(length, 1)), length > 0};
}

std::string escaped_c1(const Character& character) {
  return fmt::format("\\u{:04x}", static_cast<unsigned char>(character.bytes[1]));
}

void append_shown(std::string& out, const Character& character) {
  if (character.is_c1()) {
    out += escaped_c1(character);
  } else if (character.is_utf8 && !character.is_c0()) {
    out += character.bytes;
  } else if (character.bytes == "\n") {
    out += "\\n";
  } else if (character.bytes == "\t") {
    out += "\\t";
  } else {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", character.first());
  }
}

void append_in_json(std::string& out, const Character& character) {
  if (!character.is_utf8) {
    out += "\\ufffd";
  } else if (character.is_c0()) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", character.first());
  } else if (character.is_c1()) {
    out += escaped_c1(character);
  } else {
    if (character.bytes == "\"" || character.bytes == "\\") out += '\\';
    out += character.bytes;
  }
}

// `text`, each character written by `append`, up to `most` bytes of it.
template <class Append>
std::string written(std::string_view text, std::size_t most, Append append) {
  std::string line;
  line.reserve(std::min(text.size(), most));
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::size_t before = line.size();
    append(line, character);
    if (line.size() > most) {
      line.resize(before);
      fmt::format_to(std::back_inserter(line), "... ({} bytes more)", text.size());
      break;
    }
    text.remove_prefix(character.bytes.size());
  }
  return line;
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  assert(false);
  return "";
}

std::string on_one_line(std::string_view text) {
  return written(text, max_line_bytes, append_shown);
}

std::string json_quoted(std::string_view text) {
  return '"' + written(text, std::string::npos, append_in_json) + '"';
}

std::string json_line(std::string_view text) {
  return '"' + written(text, max_line_bytes, append_in_json) + '"';
}

}  // namespace payswitch::platform
