#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "store/embedded/applied.h"
#include "store/journal/record.h"
#include "store/store.h"

namespace payswitch::store::embedded {

// Facts about the whole store, as the journal tells them: the last record of a fact holds. Each has
// a home, its last record's place; before the segment of its home is removed, it is written again
// (PROTOCOL 4.5). Pure.
class KeptFacts {
 public:
  // `record` holds what its type allows and is processor_origin, restored or told. A processor that
  // has an origin has a name.
  Applied apply(const journal::Record& record, std::uint64_t sequence);

  const Facts& values() const { return values_; }

  // Another processor has a name.
  void processor_is_named() { values_.origins.emplace_back(); }

  // Where the told time was kept; 0: never.
  std::uint64_t told_home() const { return told_home_; }

  std::size_t records_to_carry() const;

  // What tells the facts again whose home is before `sequence`; it must be added now, from
  // `next_sequence` on, where their home is then.
  std::vector<journal::Record> carry_forward_if_home_before(std::uint64_t sequence,
                                                            std::uint64_t next_sequence);

 private:
  // An origin whose pieces are being read.
  struct Pieces {
    std::uint8_t processor = payment::no_processor;
    std::uint64_t home = 0;
    std::size_t missing = 0;  // bytes
    std::string text;
  };

  Applied apply_origin(const journal::Record& record, std::uint64_t sequence);

  Facts values_;
  Pieces pieces_;
  std::array<std::uint64_t, payment::max_processors> origin_homes_{};  // 0: none is kept
  std::uint64_t restored_home_ = 0;
  payment::UtcMs restored_at_;
  std::uint64_t told_home_ = 0;
};

}  // namespace payswitch::store::embedded
