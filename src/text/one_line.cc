#include "text/one_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "text/json_string.h"
#include "text/utf8.h"

namespace payswitch::text {
namespace {

void append_shown(std::string& out, const Character& character) {
  if (character.is_c1_control()) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", character.last_byte());
  } else if (character.is_utf8 && !character.is_c0_control()) {
    out += character.bytes;
  } else if (character.bytes == "\n") {
    out += "\\n";
  } else if (character.bytes == "\t") {
    out += "\\t";
  } else {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", character.last_byte());
  }
}

// `text`, each character written by `append`, up to max_line_bytes of it.
template <class Append>
std::string cut_line(std::string_view text, Append append) {
  std::string line;
  line.reserve(std::min(text.size(), max_line_bytes));
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t before = line.size();
    append(line, character);
    if (line.size() > max_line_bytes) {
      line.resize(before);
      fmt::format_to(std::back_inserter(line), "... ({} bytes more)", text.size());
      break;
    }
    text.remove_prefix(character.bytes.size());
  }
  return line;
}

}  // namespace

std::string on_one_line(std::string_view text) {
  return cut_line(text, append_shown);
}

std::string json_line(std::string_view text) {
  return '"' + cut_line(text, append_in_json) + '"';
}

}  // namespace payswitch::text
