#include "http/transfer_codings.h"

#include <algorithm>

#include "http/ascii.h"

namespace payswitch::http {

void TransferCodings::add(std::string_view value) {
  any_ = true;
  for (;;) {
    const auto comma = std::min(value.find(','), value.size());
    add_coding(trimmed(value.substr(0, comma)));
    if (comma == value.size()) return;
    value.remove_prefix(comma + 1);
  }
}

void TransferCodings::add_coding(std::string_view coding) {
  ends_in_chunked_ = equal_ignoring_case(coding, "chunked");
  if (ends_in_chunked_) {
    ++chunked_;
  } else if (coding.empty()) {
    has_gap_ = true;
  } else {
    has_other_ = true;
  }
}

Rejection TransferCodings::judge() const {
  if (!any_) return Rejection::none;
  if (has_gap_ || chunked_ != 1 || !ends_in_chunked_) return Rejection::malformed;
  return has_other_ ? Rejection::unknown_transfer_coding : Rejection::none;
}

const char* TransferCodings::complaint() const {
  if (has_gap_) return "an empty transfer coding";
  return chunked_ > 1 ? "chunked more than once" : "the last transfer coding is not chunked";
}

}  // namespace payswitch::http
