#pragma once

#include <cstdint>
#include <string_view>

namespace payswitch::api {

// What a Content-Type says of a payment (RFC 9110 section 8.3).
enum class MediaType : std::uint8_t {
  json,           // application/json, in UTF-8 or without a word on it
  other,          // another type
  other_charset,  // application/json in a charset other than UTF-8
};

MediaType read_media_type(std::string_view content_type);

}  // namespace payswitch::api
