#include "testing/world/inode.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <vector>

namespace payswitch::lab {

void Inode::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::uint64_t end = offset + bytes.size();
  if (end > cached_.size()) cached_.resize(end);
  std::ranges::copy(bytes, cached_.begin() + static_cast<std::ptrdiff_t>(offset));
  for (auto sector = offset / sector_bytes; sector * sector_bytes < end; ++sector) {
    dirty_.insert(dirty_.end(), sector);
  }
}

void Inode::resize(std::uint64_t size) {
  cached_.resize(size);
  dirty_.erase(dirty_.lower_bound((size + sector_bytes - 1) / sector_bytes), dirty_.end());
}

void Inode::sync() {
  durable_.resize(cached_.size());
  for (const auto sector : dirty_) write_back(sector);
  dirty_.clear();
}

void Inode::write_back_some(SeededRandom& random) {
  const auto sectors = std::vector(dirty_.begin(), dirty_.end());
  for (const auto sector : sectors) {
    if (!random.one_in(2)) continue;
    write_back(sector);
    dirty_.erase(sector);
  }
}

void Inode::lose_power(SeededRandom& random) {
  write_back_some(random);
  dirty_.clear();
  if (durable_.size() != cached_.size() && random.one_in(2)) durable_.resize(cached_.size());
  cached_ = durable_;
}

void Inode::overwrite(std::uint64_t offset, std::span<const std::byte> bytes) {
  assert(offset + bytes.size() <= std::min(cached_.size(), durable_.size()));
  std::ranges::copy(bytes, cached_.begin() + static_cast<std::ptrdiff_t>(offset));
  std::ranges::copy(bytes, durable_.begin() + static_cast<std::ptrdiff_t>(offset));
}

void Inode::write_back(std::uint64_t sector) {
  const auto begin = sector * sector_bytes;
  const auto size = std::min<std::uint64_t>(sector_bytes, cached_.size() - begin);
  if (durable_.size() < begin + size) durable_.resize(begin + size);
  std::memcpy(durable_.data() + begin, cached_.data() + begin, size);
}

}  // namespace payswitch::lab
