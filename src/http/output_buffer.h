#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace payswitch::http {

// Bytes that are to be sent and that the kernel has not taken yet, always in one piece. Its memory
// is kept from message to message, unless one was large.
class OutputBuffer {
 public:
  // Where bytes are appended. unsent() is a view into it.
  std::string& target() { return bytes_; }

  std::string_view unsent() const { return std::string_view{bytes_}.substr(sent_); }
  bool empty() const { return sent_ == bytes_.size(); }

  // The kernel has taken the first `count` bytes of unsent().
  void consume(std::size_t count);

 private:
  static constexpr std::size_t max_kept_bytes = 64 * 1024;

  std::string bytes_;
  std::size_t sent_ = 0;
};

}  // namespace payswitch::http
