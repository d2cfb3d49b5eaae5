#pragma once

#include <cstdint>

#include "books/books.h"
#include "store/embedded/settled.h"
#include "store/journal/start.h"

namespace payswitch::store::embedded {

// The settled payments whose home is one segment: they leave memory together, when it is archived.
struct Memtable {
  journal::SegmentBegin begin;
  SettledPayments settled;
  books::Books books;  // of the same payments
  std::uint64_t findings = 0;
};

}  // namespace payswitch::store::embedded
