#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <vector>

#include "store/archive/file.h"

// Ways through archive files from the first page to the last, for merging, listing and checking.
// Each reads one page at a time. One thread.
namespace payswitch::store::archive {

// The payments of one file in the order of their ids. The file outlives it.
class Cursor {
 public:
  explicit Cursor(const File& file) : Cursor(file, std::nullopt) {}
  // Those after `after`.
  Cursor(const File& file, const std::optional<payment::CorrelationId>& after);

  // Moves on to the next payment, to the first one at the beginning. After an error that names
  // damage it goes on with the page after that; after another one, with the same page.
  Read<void> next(Wait wait);

  // Where next() has come to; none at the end, and after an error.
  const std::optional<Entry>& entry() const { return entry_; }
  std::uint64_t page() const { return next_page_ - 1; }  // of that payment
  std::uint64_t offset() const;                          // of its slot in the file, in bytes

  std::uint64_t pages_read() const { return pages_read_; }

 private:
  Read<void> open_next_page(Wait wait);
  std::unexpected<Miss> malformed();

  const File& file_;
  std::optional<payment::CorrelationId> after_;
  std::uint64_t next_page_;
  std::uint64_t pages_read_ = 0;
  std::optional<Page> page_;
  std::uint32_t entry_slot_ = 0;
  std::uint32_t next_slot_ = 0;
  std::optional<Entry> entry_;
};

// The payments of several files in the order of their ids.
class MergedCursor {
 public:
  MergedCursor(Files files, const std::optional<payment::CorrelationId>& after);

  // As Cursor::next(); after an error nothing more may be asked.
  Read<void> next(Wait wait);

  const Entry* entry() const { return least_ == nullptr ? nullptr : &*least_->entry(); }
  std::uint64_t pages_read() const;

 private:
  const Files files_;
  std::vector<std::unique_ptr<Cursor>> cursors_;
  std::uint64_t pages_of_ended_ = 0;
  bool has_begun_ = false;
  Cursor* least_ = nullptr;
};

// The moments at which a processor booked something, in their order, as one file says it. The file
// outlives it.
class SumCursor {
 public:
  struct Moment {
    payment::UtcMs time;
    payment::Total until;  // up to and including this moment
    payment::Total total;  // at this moment alone
  };

  SumCursor(const File& file, payment::ProcessorNumber processor)
      : file_(file), processor_(processor) {}

  // Moves on to the next moment, to the first one at the beginning.
  Read<void> next(Wait wait);

  const std::optional<Moment>& moment() const { return moment_; }

 private:
  const File& file_;
  const payment::ProcessorNumber processor_;
  std::uint64_t next_page_ = 0;
  std::optional<Page> page_;
  std::uint32_t next_sum_ = 0;
  payment::Total running_;
  std::optional<Moment> moment_;
};

}  // namespace payswitch::store::archive
