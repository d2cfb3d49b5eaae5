#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/archive/builder.h"
#include "store/embedded/cut.h"
#include "store/embedded/index.h"
#include "store/journal/batch.h"
#include "store/journal/segment.h"

namespace payswitch::store::embedded {

// Reads the log back, segment by segment, into an index. No I/O: bytes come in. The rules of
// PROTOCOL 4.1 and 4.2:
//   - a batch belongs to the log when it is intact, numbered one higher than the batch before, and
//     carries that batch's checksum;
//   - where the log stops, everything after it is searched at every block, in this segment and in
//     all later ones that may have been used: an intact batch with a later number makes it damage,
//     and the start stops;
//   - but not in the segment in which the log stops, after what was synced of it, when it is
//     written with durability `os`: there a power cut may leave such batches, and they are dropped;
//   - else what is there is a torn tail or a leftover, and is dropped.
// Segments are used in the order of their numbers. So one with nothing in it was not used, nor were
// those after it: of these only the beginning is looked at (pass()).
class Replay {
 public:
  // A segment after the end of the log.
  struct Unused {
    journal::Segment segment;
    bool only_zeros = true;  // after its header: it can be used as it is
  };
  struct Place {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
  };
  // Intact batches after a gap.
  struct Dropped {
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
  };

  // What pass() needs of a segment.
  static constexpr std::uint64_t beginning_bytes =
      journal::segment_header_bytes + journal::block_bytes;

  // `sealed`: what the log goes on after.
  explicit Replay(Index& index, const archive::FileInfo& archived = {});

  // The segments in the order of their numbers, from the first that is not archived, without a gap.
  // An error is one line for a person that names the file and the offset; nothing more may be read
  // after it.
  std::expected<void, std::string> read(std::span<const std::byte> file, std::uint64_t number);

  // The segment that comes next, and those after it, were not used, if it begins as they do.
  bool is_after_what_was_used() const { return after_what_was_used_; }

  // For such a segment, of `size` bytes, in place of read(). False: something lies there, and it
  // must be read after all.
  std::expected<bool, std::string> pass(std::span<const std::byte> beginning, std::uint64_t size,
                                        std::uint64_t number);

  // When all segments were read.
  std::expected<void, std::string> finish();

  // After an error: where the log can be cut, so that it can be read.
  const std::optional<Cut>& cut() const { return cut_; }

  const journal::Chain& chain() const { return chain_; }
  std::uint64_t records() const { return records_; }

  // The last segment that belongs to the log, and the offset after its last batch. The first one
  // belongs to it also without batches. The last sealed one: nothing was read.
  const journal::Segment& last() const { return last_; }
  std::uint64_t end() const { return end_; }
  const std::vector<Unused>& unused() const { return unused_; }

  // Where something other than zeros follows the log.
  const std::optional<Place>& tear() const { return tear_; }
  const Dropped& dropped() const { return dropped_; }
  // The last thing that was written is the end mark of a clean stop.
  bool ends_with_a_clean_stop() const { return ends_with_a_clean_stop_; }

 private:
  using Line = std::expected<void, std::string>;

  std::expected<std::uint64_t, std::string> follow(std::span<const std::byte> file,
                                                   std::uint64_t number);
  Line take(const journal::Batch& batch, std::uint64_t segment);
  bool batch_continues(std::span<const std::byte> file) const;
  const char* apply(const journal::Record& record, const Place& place);
  std::unexpected<std::string> refuse_segment(std::span<const std::byte> file, std::uint64_t number,
                                              const std::string& why);
  Line search_after(std::span<const std::byte> file, const journal::Segment& segment,
                    std::uint64_t offset, const Place& stopped_at);
  Cut cut_at_the_end() const;

  Index& index_;
  const std::uint64_t first_;  // segment
  journal::Chain chain_;
  std::uint64_t records_ = 0;
  journal::Segment last_;
  std::uint64_t end_ = 0;
  bool stopped_ = false;  // the log ends before the segment that is read next
  std::vector<Unused> unused_;
  bool after_what_was_used_ = false;
  std::optional<Place> tear_;
  Dropped dropped_;
  bool ends_with_a_clean_stop_ = false;
  struct Awaited {
    Place place;
    Cut cut;  // before its batch
  };
  std::unordered_map<payment::CorrelationId, Awaited> awaited_;  // whose copy must follow
  Cut before_batch_;                                             // that is being taken
  std::optional<Cut> cut_;
};

}  // namespace payswitch::store::embedded
