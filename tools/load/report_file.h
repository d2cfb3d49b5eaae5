#pragma once

#include <expected>
#include <string>

namespace payswitch::lab::load {

// The text goes to standard output and the JSON to the file, if one is named; "-" puts the JSON on
// standard output in place of the text.
std::expected<void, std::string> tell(const std::string& text, const std::string& json,
                                      const std::string& file);

}  // namespace payswitch::lab::load
