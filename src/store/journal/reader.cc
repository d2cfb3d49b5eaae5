#include "store/journal/reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>

// How this works: a batch begins at a multiple of block_bytes. As long as the batches follow each
// other, each one is looked for where the one before ended, and becomes the end of the log:
//
//     header │ 1 │ 2 │ 3 │ torn │ 5 │ zeros
//                        ^ end of the log    ^ a gap: batch 5 is there, and 4 is not
//
// Where the next batch is not there, the log stops for now, and every block after that place is
// looked at, in this segment and in the later ones: a batch with a later number is a Gap. The
// caller decides what it means: damage, the end of the log, or a place to go on at
// (resume_after). A batch whose number the log has had already is a leftover of an earlier use of
// these bytes.
//
// The log stops for the later segments too (`has_ended_`) when something other than zeros follows
// it in its segment, for that is where its next batch belongs, and when a segment holds none of its
// batches: segments are used in the order of their numbers. The first segment may be empty: a new
// journal is. After the end of the log even a batch with the right number and checksum is a Gap:
// what lies before it is not the log.
//
// `tear_` is the first place that holds something other than zeros after the end of the log.

namespace payswitch::store::journal {

bool only_zeros(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  return bytes[0] == std::byte{0} && std::memcmp(&bytes[0], &bytes[0] + 1, bytes.size() - 1) == 0;
}

void Reader::open(std::span<const std::byte> file, std::uint64_t number) {
  file_ = file;
  number_ = number;
  next_segment_ = number + 1;
  offset_ = batch_end_ = std::min<std::uint64_t>(segment_header_bytes, file.size());
  holds_batches_ = false;
  is_clean_ = true;
  if (number == first_segment_) end_ = {.segment = number, .offset = batch_end_};
}

void Reader::pass_over(std::uint64_t number) {
  next_segment_ = number + 1;
  has_ended_ = true;
}

std::optional<Reader::Found> Reader::next() {
  const auto batch = next_later_batch();
  if (!batch) {
    close();
    return std::nullopt;
  }
  if (!is_next(*batch)) {
    offset_ = batch->offset + block_bytes;
    const Place stopped_at = has_ended_ ? end_ : Place{number_, batch_end_};
    return Gap{.begin = tear_.value_or(stopped_at), .batch = *batch};
  }
  const Chain before = chain_;
  advance(*batch);
  return Next{.batch = *batch, .place = {number_, batch->offset}, .before = before};
}

std::optional<Batch> Reader::next_later_batch() {
  for (; offset_ < file_.size(); offset_ += block_bytes) {
    auto batch = batch_at(file_, offset_);
    if (batch && batch->header.number > chain_.number) return batch;
  }
  return std::nullopt;
}

bool Reader::is_next(const Batch& batch) const {
  return !has_ended_ && batch.offset == batch_end_ && batch.header.number == chain_.number + 1 &&
         batch.header.previous == chain_.checksum;
}

void Reader::advance(const Batch& batch) {
  chain_ = {.number = batch.header.number, .checksum = batch.header.checksum};
  offset_ = batch_end_ = batch.end();
  end_ = {.segment = number_, .offset = batch_end_};
  holds_batches_ = true;
}

void Reader::resume_after(const Gap& gap) {
  has_ended_ = false;
  tear_.reset();
  advance(gap.batch);
}

void Reader::close() {
  is_clean_ = only_zeros(file_.subspan(batch_end_));
  if (!is_clean_ && !tear_) tear_ = Place{number_, batch_end_};
  const bool belongs_to_the_log = holds_batches_ || number_ == first_segment_;
  has_ended_ = has_ended_ || !is_clean_ || !belongs_to_the_log;
  file_ = {};
  offset_ = batch_end_ = 0;
}

}  // namespace payswitch::store::journal
