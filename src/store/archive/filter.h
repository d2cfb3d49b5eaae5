#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "payment/correlation_id.h"

namespace payswitch::store::archive {

// Says of most ids that are not in an archive file that they are not: a Bloom filter in blocks of
// one cache line, with two bytes an id. About one in a thousand strangers is taken for a member; a
// member is always known. Pure.
class Filter {
 public:
  static constexpr std::size_t bytes_per_id = 2;

  using Block = std::array<std::uint64_t, 8>;

  // For so many ids. `seed` keeps clients, who choose the ids, from choosing collisions: it is
  // random, and its file's own.
  Filter(std::uint64_t ids, std::uint64_t seed) : blocks_(blocks_for(ids)), seed_(seed) {}
  Filter(std::vector<Block> blocks, std::uint64_t seed) : blocks_(std::move(blocks)), seed_(seed) {}

  void add(const payment::CorrelationId& id);
  bool may_hold(const payment::CorrelationId& id) const;

  std::span<const Block> blocks() const { return blocks_; }
  static std::uint64_t blocks_for(std::uint64_t ids) {
    return ids * bytes_per_id / sizeof(Block) + 1;
  }

 private:
  struct Place {
    std::uint64_t block;
    Block bits;
  };
  Place place_of(const payment::CorrelationId& id) const;

  std::vector<Block> blocks_;
  std::uint64_t seed_;
};

}  // namespace payswitch::store::archive
