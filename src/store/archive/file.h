#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "books/books.h"
#include "platform/disk.h"
#include "store/archive/builder.h"
#include "store/archive/filter.h"
#include "store/archive/format.h"
#include "store/archive/page.h"

namespace payswitch::store::archive {

// Whether a reader may wait for the disk. The loop may not.
enum class Wait : std::uint8_t { no, yes };

// Why a page was not read.
struct Miss {
  std::string damage;  // for a person; empty: the page is not in memory, and Wait::no was asked for
};

template <class T>
using Read = std::expected<T, Miss>;

// One archive file: 2.3 bytes a payment in memory (filter, first ids, first times), the rest on the
// disk, one page a question. It never changes. Any thread.
class File {
 public:
  // Reads footer and tables; blocks. An error is one line for a person.
  static std::expected<std::shared_ptr<const File>, std::string> open(
      std::shared_ptr<const platform::RandomAccessFile> file, const std::string& name);
  static std::expected<std::shared_ptr<const File>, std::string> open(platform::Disk& disk,
                                                                      const std::string& name);

  const std::string& name() const { return name_; }
  const FileInfo& info() const { return info_; }
  std::uint64_t bytes() const { return file_->size(); }
  payment::Total total(payment::ProcessorNumber processor) const;

  // Reads all of it: what its footer says of every byte before, and the seal where that can be made
  // again (a merged file has that of its last part). Blocks. An error is one line for a person.
  std::expected<void, std::string> check_whole() const;

  // No payment in it was sent or booked later. No disk.
  payment::UtcMs highest_time() const;

  // The only page of payments that may hold this id; the first one when none may. No disk.
  std::uint64_t page_of(const payment::CorrelationId& id) const;

  // False: it is certainly not there. No disk.
  bool may_hold(const payment::CorrelationId& id) const { return filter_.may_hold(id); }

  Read<std::optional<SettledPayment>> find(const payment::CorrelationId& id, Wait wait) const;

  Read<payment::Total> sum(payment::ProcessorNumber processor, const books::Window& window,
                           Wait wait) const;

  // -- from the first page to the last; what merging reads --------------------------------------
  std::uint64_t id_pages() const { return first_ids_.size(); }
  std::uint64_t sum_pages(payment::ProcessorNumber processor) const;
  Read<Page> id_page(std::uint64_t number, Wait wait) const;
  Read<Page> sum_page(payment::ProcessorNumber processor, std::uint64_t number, Wait wait) const;

 private:
  struct Sums {
    std::uint64_t first_page = 0;
    std::uint64_t pages = 0;
    payment::Total total;
    std::int64_t last_time = 0;
  };

  File(std::string name, std::shared_ptr<const platform::RandomAccessFile> file)
      : name_(std::move(name)), file_(std::move(file)), filter_(0, 0) {}

  std::expected<Footer, std::string> read_footer() const;
  std::expected<void, std::string> read_tables(const Footer& footer);
  std::string damaged(std::uint64_t offset, std::string_view why) const;
  void take(const Footer& footer);
  Read<Page> page(std::uint64_t number, Wait wait) const;
  Read<payment::Total> sum_until(const Sums& sums, std::int64_t time, Wait wait) const;

  const std::string name_;
  const std::shared_ptr<const platform::RandomAccessFile> file_;
  Footer footer_{};
  FileInfo info_;
  Filter filter_;
  std::vector<payment::CorrelationId> first_ids_;
  std::vector<std::int64_t> first_times_;
  std::vector<Sums> sums_;
};

// In the order of their segments.
using Files = std::vector<std::shared_ptr<const File>>;

// It is not damage: another version of the program reads it. Blocks.
bool is_of_another_format(const platform::RandomAccessFile& file);

// The segments in an archive file's name; nullopt when the file is none.
std::optional<std::pair<std::uint64_t, std::uint64_t>> segments_in_name(std::string_view name);

}  // namespace payswitch::store::archive
