#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace payswitch::http {

// One field that a reader wants from a JSON object, and what was found. The name is the reader's;
// the rest is filled. Objects may be used again and again: their text keeps its memory.
struct JsonField {
  enum class Kind : std::uint8_t { absent, null, boolean, number, string, array, object };

  std::string_view name;
  Kind kind = Kind::absent;
  bool duplicate = false;
  std::string text = {};  // a number exactly as written; a string unescaped; "true" or "false"
};

enum class JsonVerdict : std::uint8_t {
  ok,
  not_json,        // not a JSON text (RFC 8259), not UTF-8, or nested deeper than 32
  trailing_bytes,  // a JSON text and something after it
  not_an_object,
  exponent_too_large,  // of a number; when it is a named field's, that field is a number without
                       // text
};

// Reads the named fields of the object in `body` in one pass, without building a tree; all others
// are checked and skipped. Of a field that appears twice the first value is kept and `duplicate` is
// set. `unknown`, where it is given, becomes the name of the first field that is none of them,
// unescaped and of any length, or nothing. The result is meaningful only when the verdict is ok.
JsonVerdict read_json_fields(std::string_view body, std::span<JsonField> fields,
                             std::optional<std::string>* unknown = nullptr);

}  // namespace payswitch::http
