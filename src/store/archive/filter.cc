#include "store/archive/filter.h"

#include <xxhash.h>

namespace payswitch::store::archive {

// One bit in each word of the block.
Filter::Place Filter::place_of(const payment::CorrelationId& id) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(id.bytes().data(), id.bytes().size(), seed_);
  Place place{.block = static_cast<std::uint64_t>(
                  static_cast<unsigned __int128>(hash.high64) * blocks_.size() >> 64),
              .bits = {}};
  auto rest = hash.low64;
  for (auto& word : place.bits) {
    word = 1ull << (rest & 63);
    rest >>= 6;
  }
  return place;
}

void Filter::add(const payment::CorrelationId& id) {
  const Place place = place_of(id);
  for (std::size_t i = 0; i < place.bits.size(); ++i) blocks_[place.block][i] |= place.bits[i];
}

bool Filter::may_hold(const payment::CorrelationId& id) const {
  const Place place = place_of(id);
  const Block& block = blocks_[place.block];
  for (std::size_t i = 0; i < place.bits.size(); ++i) {
    if ((block[i] & place.bits[i]) == 0) return false;
  }
  return true;
}

}  // namespace payswitch::store::archive
