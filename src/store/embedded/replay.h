#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/archive/file_set.h"
#include "store/embedded/cut.h"
#include "store/embedded/index.h"
#include "store/embedded/restorer.h"
#include "store/journal/reader.h"
#include "store/journal/segment.h"

namespace payswitch::store::embedded {

// Reads the log back, segment by segment, into an index, and refuses what is not as the switch
// leaves it, whatever the machine did (PROTOCOL 4.1, 4.2, 4.6). Bytes come in; it waits for the
// disk only where a record speaks of a payment in the archive. Of what journal::Reader finds:
//   - a batch of the log is applied, record by record;
//   - a gap is damage, and the start stops;
//   - but not in the segment in which the log stops, after what was synced of it, when it is
//     written with durability `os`: there a power cut may leave later batches without an earlier
//     one, and they are dropped;
//   - what else follows the log is a torn tail or a leftover, and is dropped.
// Segments are used in the order of their numbers. So one with nothing in it was not used, nor were
// those after it: of these only the beginning is looked at (pass()).
class Replay {
 public:
  using Place = journal::Place;

  // A segment after the end of the log.
  struct Unused {
    journal::Segment segment;
    bool only_zeros = true;  // after its header: it can be used as it is
  };
  // Intact batches after a gap.
  struct Dropped {
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
  };

  // What pass() needs of a segment.
  static constexpr std::uint64_t beginning_bytes =
      journal::segment_header_bytes + journal::block_bytes;

  // The log goes on after `archive`, and so has the index begun.
  explicit Replay(Index& index, const archive::FileSet& archive = {});

  // The segments in the order of their numbers, from the first that is not archived, without a gap.
  // An error is one line for a person that names the file and the offset; nothing more may be read
  // after it.
  std::expected<void, std::string> read(std::span<const std::byte> file, std::uint64_t number);

  // The segment that comes next, and those after it, were not used, if it begins as they do.
  bool is_after_what_was_used() const { return after_what_was_used_; }

  // For such a segment, of `size` bytes, in place of read(). False: something is in it, and it must
  // be read after all.
  std::expected<bool, std::string> pass(std::span<const std::byte> beginning, std::uint64_t size,
                                        std::uint64_t number);

  // When all segments were read.
  std::expected<void, std::string> finish();

  // After an error: where the log can be cut, so that it can be read.
  const std::optional<Cut>& cut() const { return cut_; }
  // The error is that of an archive file: where it can be cut is not known yet.
  bool archive_is_damaged() const { return archive_is_damaged_; }

  const journal::Chain& chain() const { return reader_.chain(); }
  std::uint64_t records() const { return records_; }

  // The last segment that belongs to the log, and the offset after its last batch. The first one
  // belongs to it also without batches. The last archived one: nothing was read.
  const journal::Segment& last() const { return last_; }
  std::uint64_t end() const { return reader_.end().offset; }
  const std::vector<Unused>& unused() const { return unused_; }

  // Where something other than zeros follows the log.
  const std::optional<Place>& tear() const { return reader_.tear(); }
  const Dropped& dropped() const { return dropped_; }
  // The last thing that was written is the end mark of a clean stop.
  bool ends_with_a_clean_stop() const { return ends_with_a_clean_stop_; }

 private:
  using Line = std::expected<void, std::string>;

  // A payment that must be carried forward in a later record.
  struct Awaited {
    Place place;  // of the record that speaks of it
    Cut cut;      // before that record's batch
  };

  Line read_batches(const journal::Segment& segment);
  Line take(const journal::Reader::Next& next);
  Line apply(const journal::Record& record, const Place& place, const Cut& before_batch);
  Line take(const journal::Reader::Gap& gap, const journal::Segment& segment);
  std::unexpected<std::string> refuse_record(const journal::Record& record, const Place& place,
                                             const char* fault);
  std::unexpected<std::string> refuse_missing(std::uint64_t number);
  std::unexpected<std::string> refuse_segment(std::span<const std::byte> file, std::uint64_t number,
                                              const std::string& why);
  void begin_segment(std::uint64_t number, const journal::Chain& chain);
  Cut cut_at_the_end() const;

  Index& index_;
  Restorer restorer_;
  journal::Reader reader_;
  const std::uint64_t first_;  // segment
  std::uint64_t begun_ = 0;    // the segment that the index has begun last
  std::uint64_t records_ = 0;
  journal::Segment last_;
  std::vector<Unused> unused_;
  bool after_what_was_used_ = false;
  Dropped dropped_;
  bool ends_with_a_clean_stop_ = false;
  std::unordered_map<payment::CorrelationId, Awaited> awaited_;
  std::optional<Cut> cut_;
  bool archive_is_damaged_ = false;
};

}  // namespace payswitch::store::embedded
