#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace payswitch::config {

// Text from a flag or an environment variable: it may stand for a value of any kind.
struct Untyped {
  std::string text;
};

// A TOML value of a kind that no option has.
struct Unusable {
  std::string kind;  // "an array"
};

using Value = std::variant<Untyped, std::string, std::int64_t, double, Unusable>;

// The value as a person wrote it, for an error message.
std::string shown(const Value& value);

// One value from outside, and where it stood.
struct Setting {
  std::string path;  // "breaker.rest"
  Value value;
  std::string place;  // "in payswitch.toml line 4", "in the environment variable DATA", "in the
                      // flag --data"
};

}  // namespace payswitch::config
