#include "http/output_buffer.h"

#include <cassert>

namespace payswitch::http {

void OutputBuffer::consume(std::size_t count) {
  assert(count <= unsent().size());
  sent_ += count;
  if (!empty()) return;
  sent_ = 0;
  bytes_.clear();
  if (bytes_.capacity() > max_kept_bytes) bytes_.shrink_to_fit();
}

}  // namespace payswitch::http
