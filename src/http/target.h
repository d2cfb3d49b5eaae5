#pragma once

#include <string_view>

// What a request is for: its target, and the host that it names. Pure.
namespace payswitch::http {

// A host (RFC 3986 section 3.2.2) and perhaps a port. What is in brackets is not looked at more
// closely.
bool is_host(std::string_view text);

// A path, or an http URL with a host (RFC 9112 section 3.2): a server takes the absolute form, too.
// The forms that are for CONNECT and for OPTIONS are none of them, and a fragment is no part of
// one.
bool is_target(std::string_view text);

struct Target {
  std::string_view path;   // "/" when the URL has none
  std::string_view query;  // after the '?', or empty
};

// `text` is_target, or "*".
Target split_target(std::string_view text);

}  // namespace payswitch::http
