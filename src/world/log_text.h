#pragma once

#include <string>
#include <string_view>

#include "world/log.h"

namespace payswitch::world {

std::string_view to_string(Level level);

// `text` on one line: control characters are written as \n, \t or \x1b, so that nobody's payload
// can forge a line or reach the terminal.
std::string on_one_line(std::string_view text);

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

}  // namespace payswitch::world
