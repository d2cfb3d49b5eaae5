#pragma once

#include <xxhash.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "payment/money.h"
#include "payment/time.h"
#include "platform/disk.h"
#include "store/archive/filter.h"
#include "store/archive/format.h"
#include "store/archive/page.h"
#include "store/journal/batch.h"

namespace payswitch::store::archive {

// What an archive file says beside its payments.
struct FileInfo {
  std::uint64_t first_segment = 0;
  std::uint64_t last_segment = 0;
  journal::Chain chain;       // of the journal, after its last segment
  std::uint64_t records = 0;  // of the journal, up to there
  std::uint64_t payments = 0;
  std::uint64_t findings = 0;
  payment::UtcMs highest_requested_at;
  std::vector<std::string> names;
  std::uint64_t previous = 0;  // the seal before
  std::uint64_t seal = 0;      // of a merged file: that of its last part; 0: it is to be made
  // Drawn for each file, a merged one too: clients choose the ids, and must not be able to choose
  // some that its filter takes for its own.
  std::uint64_t filter_seed = 0;
};

// "sealed-0000000001-0000000016".
std::string file_name(std::uint64_t first_segment, std::uint64_t last_segment);

// Covers all payments up to here: of a footer that is complete but for its seal and its checksum.
std::uint64_t make_seal(Footer footer);

// What the footer's checksum covers, and its seal: so many bytes from its beginning.
std::size_t covered_bytes(const Footer& footer);

// Writes an archive file from its first byte to its last: payments in the order of their ids, then
// sums by processor and time, then finish(). One thread, which may wait for the disk.
class Builder {
 public:
  Builder(platform::FileWriter& out, const FileInfo& info);
  ~Builder();

  platform::DiskResult<void> add(const Entry& entry);

  // What was booked in that very millisecond.
  platform::DiskResult<void> add(payment::ProcessorNumber processor, payment::UtcMs time,
                                 const payment::Total& total);

  platform::DiskResult<void> finish();

 private:
  struct HashDeleter {
    void operator()(XXH3_state_t* state) const;
  };

  platform::DiskResult<void> close_page(std::uint64_t& pages);
  platform::DiskResult<void> write(std::span<const std::byte> bytes);
  platform::DiskResult<void> write_table(std::span<const std::byte> bytes);

  platform::FileWriter& out_;
  const FileInfo info_;
  std::unique_ptr<XXH3_state_t, HashDeleter> content_;
  std::unique_ptr<XXH3_state_t, HashDeleter> tables_;
  Footer footer_{};
  Page page_;
  Filter filter_;
  std::vector<std::array<std::uint8_t, 16>> first_ids_;
  std::vector<std::int64_t> first_times_;
  int processor_ = -1;  // whose sums are being written
  payment::Total running_;
};

}  // namespace payswitch::store::archive
