#include "store/archive/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace payswitch::store::archive {

// -- one file ---------------------------------------------------------------------------

Cursor::Cursor(const File& file, const std::optional<payment::CorrelationId>& after)
    : file_(file), after_(after), next_page_(after ? file.page_of(*after) : 0) {}

Read<void> Cursor::next(Wait wait) {
  for (;;) {
    if (page_) {
      entry_slot_ = next_slot_;
      entry_ = page_->next(next_slot_);
      if (entry_ && (!after_ || *after_ < entry_->id())) return {};
      if (entry_) continue;
      if (next_slot_ != page_->count()) return malformed();
    }
    entry_.reset();
    if (next_page_ == file_.id_pages()) return {};
    if (auto opened = open_next_page(wait); !opened) return opened;
  }
}

// Its checksum is right: no version of the program wrote this, so payments would be missing.
std::unexpected<Miss> Cursor::malformed() {
  page_.reset();
  return std::unexpected(
      Miss{fmt::format("{} is damaged at offset {}: what is there was never written as payments",
                       file_.name(), page() * page_bytes)});
}

Read<void> Cursor::open_next_page(Wait wait) {
  page_.reset();
  auto read = file_.id_page(next_page_, wait);
  const bool is_in_memory = read || !read.error().damage.empty();
  if (is_in_memory) ++next_page_;
  if (!read) return std::unexpected(read.error());
  page_ = *read;
  next_slot_ = 0;
  ++pages_read_;
  return {};
}

std::uint64_t Cursor::offset() const {
  return page() * page_bytes + sizeof(PageHeader) + entry_slot_ * slot_bytes;
}

// -- several files ----------------------------------------------------------------------

MergedCursor::MergedCursor(Files files, const std::optional<payment::CorrelationId>& after)
    : files_(std::move(files)) {
  for (const auto& file : files_) cursors_.push_back(std::make_unique<Cursor>(*file, after));
}

Read<void> MergedCursor::next(Wait wait) {
  if (least_ != nullptr) {
    if (auto moved = least_->next(wait); !moved) return moved;
  }
  for (std::size_t i = 0; !has_begun_ && i < cursors_.size(); ++i) {
    if (auto moved = cursors_[i]->next(wait); !moved) return moved;
  }
  has_begun_ = true;
  std::erase_if(cursors_, [this](const auto& cursor) {
    if (cursor->entry()) return false;
    pages_of_ended_ += cursor->pages_read();
    return true;
  });
  const auto least = std::ranges::min_element(
      cursors_, {}, [](const auto& cursor) { return cursor->entry()->id(); });
  least_ = least == cursors_.end() ? nullptr : least->get();
  return {};
}

std::uint64_t MergedCursor::pages_read() const {
  auto pages = pages_of_ended_;
  for (const auto& cursor : cursors_) pages += cursor->pages_read();
  return pages;
}

// -- sums -------------------------------------------------------------------------------

Read<void> SumCursor::next(Wait wait) {
  while (!page_ || next_sum_ == std::min<std::uint64_t>(page_->count(), sums_per_page)) {
    moment_.reset();
    if (next_page_ == file_.sum_pages(processor_)) return {};
    auto read = file_.sum_page(processor_, next_page_, wait);
    if (!read) return std::unexpected(read.error());
    page_ = *read;
    ++next_page_;
    next_sum_ = 0;
  }
  const Sum sum = page_->sum(next_sum_++);
  const auto until = read_total(sum.count, sum.cents_low, sum.cents_high);
  moment_ = {
      .time = {sum.time},
      .until = until,
      .total = {.count = until.count - running_.count, .cents = until.cents - running_.cents}};
  running_ = until;
  return {};
}

}  // namespace payswitch::store::archive
