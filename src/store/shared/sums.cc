#include "store/shared/sums.h"

#include <fmt/format.h>

#include <utility>

#include "store/shared/keys.h"
#include "store/shared/totals.h"

namespace payswitch::store::shared {

std::vector<std::string> sum_keys(unsigned shard, std::size_t processors) {
  std::vector<std::string> keys;
  for (std::size_t each = 0; each < processors; ++each) {
    const auto processor = static_cast<payment::ProcessorNumber>(each);
    for (const auto name : {count_of, cents_of, widest_count_of, widest_cents_of}) {
      keys.push_back(shard_key(shard, name, processor));
    }
  }
  return keys;
}

std::vector<std::string> sum_arguments(const books::Window& window) {
  BucketRange range = buckets_of(window);
  std::vector<std::string> arguments{fmt::format("{}", range.widest_begin),
                                     fmt::format("{}", range.widest_end),
                                     fmt::format("{}", range.added.size())};
  for (auto* fields : {&range.added, &range.taken_off}) {
    for (std::string& field : *fields) arguments.push_back(std::move(field));
  }
  return arguments;
}

bool add_to(Summary& summary, const payswitch::redis::Reply& said) {
  constexpr __int128 billion = 1'000'000'000;
  if (said.elements.size() != summary.by_processor.size()) return false;
  for (std::size_t each = 0; each < said.elements.size(); ++each) {
    const auto& total = said.elements[each].elements;  // count, cents div and mod 10^9
    if (total.size() != 3) return false;
    summary.by_processor[each] += {.count = static_cast<std::uint64_t>(total[0].integer),
                                   .cents = total[1].integer * billion + total[2].integer};
  }
  return true;
}

}  // namespace payswitch::store::shared
