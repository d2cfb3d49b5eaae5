#include "text/json_string.h"

#include <fmt/format.h>

#include <iterator>

namespace payswitch::text {

std::string json_string(std::string_view text) {
  std::string json = "\"";
  json.reserve(text.size() + 2);
  while (!text.empty()) {
    const Character character = first_character(text);
    append_in_json(json, character);
    text.remove_prefix(character.bytes.size());
  }
  return json += '"';
}

void append_in_json(std::string& out, const Character& character) {
  if (!character.is_utf8) {
    out += "\\ufffd";
  } else if (character.is_c0_control() || character.is_c1_control()) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", character.last_byte());
  } else {
    if (character.bytes == "\"" || character.bytes == "\\") out += '\\';
    out += character.bytes;
  }
}

}  // namespace payswitch::text
