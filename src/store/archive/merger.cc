#include "store/archive/merger.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <optional>
#include <tuple>
#include <utility>

namespace payswitch::store::archive {

using platform::DiskError;
using platform::DiskResult;

namespace {

std::unexpected<DiskError> damage(std::string what) {
  return std::unexpected(DiskError{EIO, std::move(what)});
}

// Walks through the payments of one file.
class IdScan {
 public:
  explicit IdScan(const File& file) : file_(file) {}

  DiskResult<void> advance() {
    for (;;) {
      entry_ = page_ ? page_->next(slot_) : std::nullopt;
      if (entry_ || next_page_ == file_.id_pages()) return {};
      auto page = file_.id_page(next_page_++, Wait::yes);
      if (!page) return damage(page.error().damage);
      page_ = *page;
      slot_ = 0;
    }
  }

  const std::optional<Entry>& entry() const { return entry_; }

 private:
  const File& file_;
  std::uint64_t next_page_ = 0;
  std::optional<Page> page_;
  std::uint32_t slot_ = 0;
  std::optional<Entry> entry_;
};

// Walks through the moments at which one processor booked, as one file has them.
class SumScan {
 public:
  SumScan(const File& file, payment::ProcessorNumber processor)
      : file_(file), processor_(processor) {}

  DiskResult<void> advance() {
    while (!page_ || index_ == page_->count()) {
      is_over_ = next_page_ == file_.sum_pages(processor_);
      if (is_over_) return {};
      auto page = file_.sum_page(processor_, next_page_++, Wait::yes);
      if (!page) return damage(page.error().damage);
      page_ = *page;
      index_ = 0;
    }
    const Sum sum = page_->sum(index_++);
    const auto until = read_total(sum.count, sum.cents_low, sum.cents_high);
    time_ = {sum.time};
    total_ = {.count = until.count - running_.count, .cents = until.cents - running_.cents};
    running_ = until;
    return {};
  }

  bool is_over() const { return is_over_; }
  payment::UtcMs time() const { return time_; }
  const payment::Total& total() const { return total_; }  // at that moment alone

 private:
  const File& file_;
  const payment::ProcessorNumber processor_;
  std::uint64_t next_page_ = 0;
  std::optional<Page> page_;
  std::uint32_t index_ = 0;
  payment::Total running_;
  payment::UtcMs time_;
  payment::Total total_;
  bool is_over_ = false;
};

DiskResult<void> merge_payments(Builder& writer, const Files& parts) {
  std::vector<std::unique_ptr<IdScan>> scans;
  for (const auto& part : parts) {
    scans.push_back(std::make_unique<IdScan>(*part));
    if (auto begun = scans.back()->advance(); !begun) return begun;
  }
  std::optional<payment::CorrelationId> last;
  for (;;) {
    std::erase_if(scans, [](const auto& scan) { return !scan->entry(); });
    if (scans.empty()) return {};
    auto& least =
        **std::ranges::min_element(scans, {}, [](const auto& scan) { return scan->entry()->id(); });
    const auto id = least.entry()->id();
    if (last && id <= *last) return damage("payment " + id.to_string() + " is sealed twice");
    last = id;
    if (auto added = writer.add(*least.entry()); !added) return added;
    if (auto advanced = least.advance(); !advanced) return advanced;
  }
}

DiskResult<void> merge_sums(Builder& writer, const Files& parts,
                            payment::ProcessorNumber processor) {
  std::vector<std::unique_ptr<SumScan>> scans;
  for (const auto& part : parts) {
    scans.push_back(std::make_unique<SumScan>(*part, processor));
    if (auto begun = scans.back()->advance(); !begun) return begun;
  }
  for (;;) {
    std::erase_if(scans, [](const auto& scan) { return scan->is_over(); });
    if (scans.empty()) return {};
    const auto time = (*std::ranges::min_element(scans, {}, [](const auto& scan) {
                        return scan->time();
                      }))->time();
    payment::Total total;
    for (auto& scan : scans) {
      if (scan->time() != time) continue;
      total += scan->total();
      if (auto advanced = scan->advance(); !advanced) return advanced;
    }
    if (auto added = writer.add(processor, time, total); !added) return added;
  }
}

DiskResult<void> write_merged(platform::FileWriter& out, const Files& parts, const FileInfo& info) {
  Builder writer(out, info);
  if (auto merged = merge_payments(writer, parts); !merged) return merged;
  for (std::size_t processor = 0; processor < info.names.size(); ++processor) {
    auto merged = merge_sums(writer, parts, static_cast<payment::ProcessorNumber>(processor));
    if (!merged) return merged;
  }
  return writer.finish();
}

}  // namespace

// It ends where the last part ends, and takes its place in the chain of seals.
FileInfo merged_info(const Files& parts, std::uint64_t filter_seed) {
  assert(parts.size() >= 2);
  FileInfo info = parts.back()->info();
  info.first_segment = parts.front()->info().first_segment;
  info.previous = parts.front()->info().previous;
  info.filter_seed = filter_seed;
  info.payments = 0;
  info.findings = 0;
  for (const auto& part : parts) {
    info.payments += part->info().payments;
    info.findings += part->info().findings;
  }
  return info;
}

platform::Disk::Content merged_content(const Files& parts, const FileInfo& info) {
  return [parts, info](platform::FileWriter& out) { return write_merged(out, parts, info); };
}

}  // namespace payswitch::store::archive
