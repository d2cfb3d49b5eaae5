#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

struct redisReader;

namespace payswitch::redis {

// What Redis said, as a small tree (RESP2).
struct Reply {
  enum class Kind : std::uint8_t { nil, integer, status, text, array, error };
  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;  // of status, text and error
  std::vector<Reply> elements;

  bool is_error() const { return kind == Kind::error; }
  bool operator==(const Reply&) const = default;
};

// Turns bytes into replies. Pure. After an error nothing more can be read.
class ReplyReader {
 public:
  // A reply of more bytes than that is an error, as soon as they have come.
  explicit ReplyReader(std::size_t max_reply_bytes);
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;

  void feed(std::span<const char> bytes);

  // The next whole reply; nullopt: more bytes are needed. An error is one line for a person.
  std::expected<std::optional<Reply>, std::string> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };

  std::unexpected<std::string> too_long() const;

  std::unique_ptr<redisReader, Free> reader_;
  std::size_t max_reply_bytes_;
  std::size_t unread_bytes_ = 0;  // fed since the last whole reply
};

}  // namespace payswitch::redis
