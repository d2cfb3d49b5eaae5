#include "text/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace payswitch::text {
namespace {

// Insertions, removals, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, std::exchange(row, before));
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view unknown,
                                        std::span<const std::string_view> known) {
  std::optional<std::string_view> best;
  // A slip changes a letter or two; more than a third of the name is another name.
  std::size_t least = std::max<std::size_t>(2, last_part(unknown).size() / 3) + 1;
  for (const std::string_view name : known) {
    const std::size_t whole = edits(unknown, name);
    const std::size_t last = edits(last_part(unknown), last_part(name));
    // The right name in the wrong section is as good as one slip.
    const std::size_t distance = std::min(whole, last + 1);
    // As many slips as letters: nothing of the one is in the other.
    const bool is_another = distance >= std::max(unknown.size(), name.size());
    if (distance < least && !is_another) {
      least = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace payswitch::text
