#pragma once

#include <cstdint>

#include "books/books.h"
#include "store/journal/batch.h"
#include "store/embedded/settled.h"

namespace payswitch::store::embedded {

// Where a segment of the journal begins.
struct SegmentBegin {
  std::uint64_t segment = 0;
  std::uint64_t first_sequence = 0;  // the place of its first record
  Chain chain;                       // the group before it
};

// The settled payments whose home is one segment: they leave memory together, when it is sealed.
struct Generation {
  SegmentBegin begin;
  SettledPayments settled;
  books::Books books;  // of the same payments
  std::uint64_t findings = 0;
};

}  // namespace payswitch::store::embedded
