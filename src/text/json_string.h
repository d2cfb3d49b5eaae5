#pragma once

#include <string>
#include <string_view>

#include "text/utf8.h"

namespace payswitch::text {

// `text` as a JSON string, with its quotes (RFC 8259); a TOML file reads it as the same text.
// Control characters are escaped, those beyond ASCII too; each byte that is not UTF-8 becomes
// U+FFFD.
std::string json_string(std::string_view text);

// One character as it is within such a string.
void append_in_json(std::string& out, const Character& character);

}  // namespace payswitch::text
