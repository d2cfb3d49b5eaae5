#include "http/input_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace payswitch::http {

std::span<char> InputBuffer::prepare() {
  if (bytes_.size() - end_ < least_room && begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  if (bytes_.size() - end_ < least_room) bytes_.resize(std::max(initial_bytes, bytes_.size() * 2));
  return std::span{bytes_}.subspan(end_);
}

void InputBuffer::commit(std::size_t count) {
  assert(count <= bytes_.size() - end_);
  end_ += count;
}

void InputBuffer::consume(std::size_t count) {
  assert(count <= size());
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void InputBuffer::erase(std::size_t position, std::size_t count) {
  assert(position + count <= size());
  if (count == 0) return;
  char* const hole = bytes_.data() + begin_ + position;
  std::memmove(hole, hole + count, size() - position - count);
  end_ -= count;
}

}  // namespace payswitch::http
