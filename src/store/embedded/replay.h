#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/embedded/group.h"
#include "store/embedded/index.h"
#include "store/embedded/sealed_writer.h"
#include "store/embedded/segment.h"

namespace payswitch::store::embedded {

// Reads the log back, segment by segment, into an index. No I/O: bytes come in. The rules of
// PROTOCOL 4.1 and 4.2:
//   - a group belongs to the log when it is intact, numbered one higher than the group before, and
//     carries that group's checksum;
//   - where the log stops, everything behind it is searched at every block, in this segment and in
//   all
//     later ones: an intact group with a later number makes it damage, and the start stops;
//   - else what is there is a torn tail or a leftover, and is dropped.
class Replay {
 public:
  // A segment behind the end of the log.
  struct Unused {
    Segment segment;
    bool only_zeros = true;  // behind its header: it can be used as it is
  };
  struct Place {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
  };

  // `sealed`: what the log goes on behind.
  explicit Replay(Index& index, const SealInfo& sealed = {});

  // The segments in the order of their numbers, from the first that is not sealed, without a gap.
  // An error is one line for a person that names the file and the offset; nothing more may be read
  // after it.
  std::expected<void, std::string> read(std::span<const std::byte> file, std::uint64_t number);

  // When all segments were read.
  std::expected<void, std::string> finish() const;

  const Chain& chain() const { return chain_; }
  std::uint64_t records() const { return records_; }

  // The last segment that belongs to the log, and the offset behind its last group. The first one
  // belongs to it also without groups. The last sealed one: nothing was read.
  const Segment& last() const { return last_; }
  std::uint64_t end() const { return end_; }
  const std::vector<Unused>& unused() const { return unused_; }

  // Where something other than zeros follows the log.
  const std::optional<Place>& tear() const { return tear_; }

 private:
  using Line = std::expected<void, std::string>;

  std::expected<std::uint64_t, std::string> follow(std::span<const std::byte> file,
                                                   std::uint64_t number);
  Line take(const IntactGroup& group, std::uint64_t segment);
  bool continues_chain(const IntactGroup& group) const;
  bool group_continues(std::span<const std::byte> file) const;
  const char* apply(const Record& record, const Place& place);
  Line search_behind(std::span<const std::byte> file, std::uint64_t number, std::uint64_t offset,
                     const Place& stopped_at);

  Index& index_;
  const std::uint64_t first_;  // segment
  Chain chain_;
  std::uint64_t records_ = 0;
  Segment last_;
  std::uint64_t end_ = 0;
  bool stopped_ = false;  // the log ends before the segment that is read next
  std::vector<Unused> unused_;
  std::optional<Place> tear_;
  std::unordered_map<payment::CorrelationId, Place> awaited_;  // whose copy must follow
};

}  // namespace payswitch::store::embedded
