#include "store/shared/totals.h"

#include <fmt/format.h>

#include <algorithm>

namespace payswitch::store::shared {

namespace {

constexpr int width_bits = 6;
constexpr std::int64_t in_a_wider = 1 << width_bits;
// Beyond the years that a time can be written in, and a whole number of the widest buckets.
constexpr std::int64_t far_ms = std::int64_t{1} << 49;

std::string field(std::size_t width, std::int64_t bucket) {
  return fmt::format("{}:{}", width, bucket);
}

void name(std::vector<std::string>& fields, std::size_t width, std::int64_t begin,
          std::int64_t end) {
  while (begin < end) fields.push_back(field(width, begin++));
}

// The edge between two wider buckets that is nearest.
std::int64_t nearest(std::int64_t edge) {
  return (edge + in_a_wider / 2) >> width_bits;
}

}  // namespace

BucketFields buckets_of(payment::UtcMs time) {
  BucketFields fields;
  std::int64_t bucket = std::clamp(time.value, -far_ms, far_ms - 1);
  for (std::size_t width = 0; width + 1 < bucket_widths; ++width, bucket >>= width_bits) {
    fields[width] = field(width, bucket);
  }
  fields.back() = fmt::format("{}", bucket);
  return fields;
}

BucketRange buckets_of(const books::Window& window) {
  BucketRange range;
  std::int64_t begin = std::clamp(window.from.value, -far_ms, far_ms);
  std::int64_t end = std::min(window.to.value, far_ms - 1) + 1;
  if (begin >= end) return range;
  for (std::size_t width = 0; width + 1 < bucket_widths; ++width) {
    const std::int64_t wider_begin = nearest(begin);
    const std::int64_t wider_end = nearest(end);
    if (wider_begin == wider_end) {
      name(range.added, width, begin, end);
    } else {
      name(range.added, width, begin, wider_begin * in_a_wider);
      name(range.taken_off, width, wider_begin * in_a_wider, begin);
      name(range.added, width, wider_end * in_a_wider, end);
      name(range.taken_off, width, end, wider_end * in_a_wider);
    }
    begin = wider_begin;
    end = wider_end;
  }
  range.widest_begin = begin;
  range.widest_end = end;
  return range;
}

}  // namespace payswitch::store::shared
