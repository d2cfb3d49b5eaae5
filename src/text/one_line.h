#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace payswitch::text {

// Bytes of one line as it is written, without its time and level. What comes from outside (what
// Redis answers, a flag, a file) may be of any length: a longer text is cut, and says by how much.
inline constexpr std::size_t max_line_bytes = 1024;

// `text` on one line of at most max_line_bytes and the note of what was cut. Control characters
// are written as \n, \t, \x1b or, those beyond ASCII, \u009b, and a byte that is not UTF-8 as \x9b:
// no payload forges a line or reaches the terminal.
std::string on_one_line(std::string_view text);

// The same as a JSON string with its quotes.
std::string json_line(std::string_view text);

}  // namespace payswitch::text
