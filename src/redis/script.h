#pragma once

#include <string>
#include <string_view>

namespace payswitch::redis {

// A Lua script that runs on the server as one step. It is loaded on every connection before
// anything else, and called by its hash.
class Script {
 public:
  explicit Script(std::string_view source);

  const std::string& source() const { return source_; }
  const std::string& hash() const { return hash_; }  // SHA-1, 40 hexadecimal digits

 private:
  std::string source_;
  std::string hash_;
};

}  // namespace payswitch::redis
