#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "books/books.h"
#include "payment/time.h"

// Totals by time, as they lie in Redis: buckets of 1 ms, 64 ms, 4 s, 4 min, 4.7 h in one hash, and
// of 12 days in another one that can be read whole. A settlement adds to one bucket of each width;
// a window is few whole buckets of each. Pure.
namespace payswitch::store::shared {

// Widths are powers of 2^6 ms; the last is the widest.
inline constexpr std::size_t bucket_widths = 6;

// The bucket of each width that holds this moment. The fields of the hash, the widest one's last.
using BucketFields = std::array<std::string, bucket_widths>;
BucketFields buckets_of(payment::UtcMs time);

struct BucketRange {
  std::vector<std::string> added;      // fields of all widths but the widest
  std::vector<std::string> taken_off;  // in a wider bucket that counts, and not in the window
  std::int64_t widest_begin = 0;       // the widest ones, from here
  std::int64_t widest_end = 0;         // to before here
};
// Both ends inclusive; a window whose end is before its beginning is empty.
BucketRange buckets_of(const books::Window& window);

}  // namespace payswitch::store::shared
