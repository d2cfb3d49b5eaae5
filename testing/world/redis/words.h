#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::lab {

// Commands of Redis, each a list of words, one behind the other in one piece of memory. One thread.
class RedisWords {
 public:
  void add(std::span<const std::string_view> words) {
    append(words.size());
    for (const std::string_view word : words) append(word.size());
    for (const std::string_view word : words) bytes_ += word;
    ++count_;
  }

  // Fills `words` with the command that begins at `offset` (0 is the first) and says where the next
  // one begins. They live as long as this object is not changed.
  std::size_t read(std::size_t offset, std::vector<std::string_view>& words) const {
    words.resize(length(offset));
    std::size_t begin = offset + (words.size() + 1) * sizeof(Length);
    for (std::size_t i = 0; i < words.size(); ++i) {
      words[i] = std::string_view(bytes_).substr(begin, length(offset + (i + 1) * sizeof(Length)));
      begin += words[i].size();
    }
    return begin;
  }

  std::size_t end() const { return bytes_.size(); }
  std::size_t count() const { return count_; }
  bool empty() const { return count_ == 0; }

 private:
  using Length = std::uint32_t;

  void append(std::size_t number) {
    const auto length = static_cast<Length>(number);
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof length);
  }
  Length length(std::size_t offset) const {
    Length found;
    std::memcpy(&found, bytes_.data() + offset, sizeof found);
    return found;
  }

  std::string bytes_;
  std::size_t count_ = 0;
};

}  // namespace payswitch::lab
