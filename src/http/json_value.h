#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "http/json_fields.h"

namespace payswitch::http {

// A JSON value as a tree, for answers that are nested. Numbers stay as they were written: no double
// ever holds money. What is on the path of a payment uses read_json_fields().
struct JsonValue {
  using Kind = JsonField::Kind;

  Kind kind = Kind::null;
  std::string text;               // as JsonField::text
  std::vector<std::string> keys;  // of an object, one for each of its values
  std::vector<JsonValue> values;  // of an object or an array

  // The first value of that key; a value of kind absent when this is no object or has none.
  const JsonValue& operator[](std::string_view key) const;
};

// An error is one line for a person. At most 32 levels deep.
std::expected<JsonValue, std::string> read_json(std::string_view text);

}  // namespace payswitch::http
