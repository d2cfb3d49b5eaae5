#include "store/redis/totals.h"

#include <fmt/format.h>

#include <algorithm>

namespace payswitch::store::redis {

namespace {

constexpr int width_bits = 6;
constexpr std::int64_t width_mask = (1 << width_bits) - 1;
// Beyond the years that a time can be written in, and a whole number of the widest buckets.
constexpr std::int64_t far_ms = std::int64_t{1} << 49;

std::string field(std::size_t width, std::int64_t bucket) {
  return fmt::format("{}:{}", width, bucket);
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
    while (begin < end && (begin & width_mask) != 0) range.fields.push_back(field(width, begin++));
    while (begin < end && (end & width_mask) != 0) range.fields.push_back(field(width, --end));
    begin >>= width_bits;
    end >>= width_bits;
  }
  range.widest_begin = begin;
  range.widest_end = end;
  return range;
}

}  // namespace payswitch::store::redis
