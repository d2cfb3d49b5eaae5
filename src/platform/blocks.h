#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace payswitch::platform {

// Values in an order, at addresses that do not move: growing takes a block at a time and moves
// none. It never shrinks. (A std::deque of large values has a block for every second one, and
// Boost's reaches an element at three times the instructions.)
template <class T>
class Blocks {
 public:
  static constexpr std::size_t in_a_block = 512;

  T& operator[](std::size_t index) { return blocks_[index / in_a_block][index % in_a_block]; }
  const T& operator[](std::size_t index) const {
    return blocks_[index / in_a_block][index % in_a_block];
  }

  std::size_t size() const { return size_; }

  // A new one at the end, as T{} makes it.
  T& add() {
    if (size_ % in_a_block == 0) blocks_.push_back(std::make_unique<T[]>(in_a_block));
    return (*this)[size_++];
  }

 private:
  std::vector<std::unique_ptr<T[]>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace payswitch::platform
