#pragma once

#include <cstdint>
#include <set>
#include <span>

#include "platform/disk.h"
#include "testing/world/random.h"

namespace payswitch::lab {

// The bytes of one file, whatever its name is: those that a reader sees, and those that a power cut
// leaves.
class Inode {
 public:
  static constexpr std::uint64_t sector_bytes = 512;

  const platform::Bytes& cached() const { return cached_; }
  std::uint64_t size() const { return cached_.size(); }

  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void resize(std::uint64_t size);
  void sync();
  // A machine writes back when it likes, and in the order it likes.
  void write_back_some(SeededRandom& random);
  // What was not synced holds or not, sector by sector; so does a new size.
  void lose_power(SeededRandom& random);

  // Changes what is on the disk and in the cache.
  void overwrite(std::uint64_t offset, std::span<const std::byte> bytes);

 private:
  void write_back(std::uint64_t sector);

  platform::Bytes cached_;
  platform::Bytes durable_;
  std::set<std::uint64_t> dirty_;  // sectors in which the two may differ
};

}  // namespace payswitch::lab
