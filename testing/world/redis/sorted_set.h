#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace payswitch::lab {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

// No order of these containers may ever be seen from outside: a caller that lists one sorts.
template <class Value>
using TextMap = boost::unordered_flat_map<std::string, Value, TextHash, std::equal_to<>>;

// Where a range of scores ends, one side of it.
struct ScoreBound {
  double score = 0;
  bool is_exclusive = false;
};

// The members of a ZSET by score, equal scores by name. One thread.
class SortedSet {
 public:
  using Entry = std::pair<double, std::string>;
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      if (a.first != b.first) return a.first < b.first;
      return std::string_view(a.second) < std::string_view(b.second);
    }
  };
  using Entries = std::set<Entry, Less>;
  using Range = std::pair<Entries::const_iterator, Entries::const_iterator>;

  std::optional<double> score(std::string_view member) const {
    const auto found = scores_.find(member);
    return found == scores_.end() ? std::nullopt : std::optional(found->second);
  }

  void set(std::string_view member, double score) {
    erase(member);
    if (score == 0) score = 0;  // never -0
    scores_.emplace(member, score);
    entries_.emplace(score, member);
  }

  bool erase(std::string_view member) {
    const auto found = scores_.find(member);
    if (found == scores_.end()) return false;
    entries_.erase(entries_.find(std::pair(found->second, member)));
    scores_.erase(found);
    return true;
  }

  // From `least` to `most`.
  Range between(ScoreBound least, ScoreBound most) const {
    const bool is_empty = least.score > most.score ||
                          (least.score == most.score && (least.is_exclusive || most.is_exclusive));
    if (is_empty) return {entries_.end(), entries_.end()};
    return {first_from(least.score, least.is_exclusive),
            first_from(most.score, !most.is_exclusive)};
  }

  const Entries& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  bool operator==(const SortedSet& other) const { return entries_ == other.entries_; }

 private:
  // The first entry with that score, or with the next higher one that can be written.
  Entries::const_iterator first_from(double score, bool is_higher) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (is_higher && score == infinity) return entries_.end();
    const double least = is_higher ? std::nextafter(score, infinity) : score;
    return entries_.lower_bound(std::pair(least, std::string_view()));
  }

  TextMap<double> scores_;
  Entries entries_;
};

}  // namespace payswitch::lab
