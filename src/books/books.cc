#include "books/books.h"

#include <cassert>

namespace payswitch::books {

void Books::add(payment::ProcessorNumber processor, payment::UtcMs requested_at,
                payment::Money amount) {
  assert(processor < payment::max_processors);
  timelines_[processor].add(requested_at, amount);
}

payment::Total Books::sum(payment::ProcessorNumber processor, const Window& window) const {
  assert(processor < payment::max_processors);
  return timelines_[processor].sum(window.from, window.to);
}

}  // namespace payswitch::books
