#include "store/archive/file.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace payswitch::store::archive {

namespace {

constexpr std::size_t read_at_once_bytes = 1 << 20;

template <class T>
std::span<std::byte> bytes_of(std::vector<T>& table) {
  return std::as_writable_bytes(std::span(table));
}

}  // namespace

std::optional<std::pair<std::uint64_t, std::uint64_t>> segments_in_name(std::string_view name) {
  unsigned long long first = 0;
  unsigned long long last = 0;
  if (std::sscanf(std::string(name).c_str(), "sealed-%10llu-%10llu", &first, &last) != 2) {
    return std::nullopt;
  }
  if (name != file_name(first, last)) return std::nullopt;
  return std::pair{std::uint64_t{first}, std::uint64_t{last}};
}

bool is_of_another_format(const platform::RandomAccessFile& file) {
  Footer footer;
  if (file.size() < page_bytes) return false;
  const auto bytes = std::as_writable_bytes(std::span(&footer, 1));
  if (!file.read(file.size() - page_bytes, bytes)) return false;
  return footer.magic == file_magic &&
         (footer.version < oldest_format_version || footer.version > format_version);
}

// -- opening ----------------------------------------------------------------------------

std::expected<std::shared_ptr<const File>, std::string> File::open(
    std::shared_ptr<const platform::RandomAccessFile> file, const std::string& name) {
  std::shared_ptr<File> archived(new File(name, std::move(file)));
  const auto footer = archived->read_footer();
  if (!footer) return std::unexpected(footer.error());
  if (auto tables = archived->read_tables(*footer); !tables) return std::unexpected(tables.error());
  archived->take(*footer);
  if (name != file_name(archived->info_.first_segment, archived->info_.last_segment)) {
    return std::unexpected(name + " holds other segments than its name says: it was renamed");
  }
  return archived;
}

std::expected<std::shared_ptr<const File>, std::string> File::open(platform::Disk& disk,
                                                                   const std::string& name) {
  auto file = disk.open_for_reading(name);
  if (!file) return std::unexpected(file.error().message());
  return open(*std::move(file), name);
}

std::expected<Footer, std::string> File::read_footer() const {
  const auto size = file_->size();
  Footer footer;
  if (size < page_bytes) return std::unexpected(name_ + " is too short to have a footer");
  const auto offset = size - page_bytes;
  const auto bytes = std::as_writable_bytes(std::span(&footer, 1));
  if (auto read = file_->read(offset, bytes); !read) return std::unexpected(read.error().message());
  if (footer.magic != file_magic) return std::unexpected(damaged(offset, "no footer is there"));
  const bool is_old = footer.version == oldest_format_version;
  if (footer.version != format_version && !is_old) {
    return std::unexpected(fmt::format("{} has format version {}, this program reads {} and {}",
                                       name_, footer.version, oldest_format_version,
                                       format_version));
  }
  const auto checksum = is_old ? footer.filter_seed : footer.checksum;
  if (checksum != XXH3_64bits(&footer, covered_bytes(footer))) {
    return std::unexpected(damaged(offset, "the footer has a wrong checksum"));
  }
  const auto tables = footer.filter_blocks * sizeof(Filter::Block) +
                      footer.id_pages * sizeof(Slot::id) + footer.sum_pages * sizeof(std::int64_t);
  if ((footer.id_pages + footer.sum_pages) * page_bytes + tables != offset) {
    return std::unexpected(damaged(offset, "the file has another length than the footer says"));
  }
  // The seed that version 2 had.
  if (is_old) footer.filter_seed = footer.previous;
  return footer;
}

std::expected<void, std::string> File::read_tables(const Footer& footer) {
  std::vector<Filter::Block> blocks(footer.filter_blocks);
  first_ids_.resize(footer.id_pages);
  first_times_.resize(footer.sum_pages);
  static_assert(sizeof(payment::CorrelationId) == sizeof(Slot::id));
  const auto begin = (footer.id_pages + footer.sum_pages) * page_bytes;
  auto offset = begin;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (const auto table : {bytes_of(blocks), bytes_of(first_ids_), bytes_of(first_times_)}) {
    if (auto read = file_->read(offset, table); !read) {
      return std::unexpected(read.error().message());
    }
    XXH3_64bits_update(state.get(), table.data(), table.size());
    offset += table.size();
  }
  if (XXH3_64bits_digest(state.get()) != footer.tables) {
    return std::unexpected(damaged(begin, "the tables have a wrong checksum"));
  }
  filter_ = Filter(std::move(blocks), footer.filter_seed);
  return {};
}

void File::take(const Footer& footer) {
  footer_ = footer;
  info_ = {.first_segment = footer.first_segment,
           .last_segment = footer.last_segment,
           .chain = {footer.batch_number, footer.batch_checksum},
           .records = footer.records,
           .payments = footer.payments,
           .findings = footer.findings,
           .highest_requested_at = {footer.highest_requested_at},
           .names = {},
           .previous = footer.previous,
           .seal = footer.seal,
           .filter_seed = footer.filter_seed};
  for (std::uint32_t i = 0; i < footer.processors; ++i) {
    const FooterProcessor& processor = footer.processor[i];
    info_.names.emplace_back(processor.name.begin(), std::ranges::find(processor.name, '\0'));
    sums_.push_back(
        {.first_page = processor.first_page,
         .pages = processor.pages,
         .total = read_total(processor.count, processor.cents_low, processor.cents_high),
         .last_time = processor.last_time});
  }
}

std::string File::damaged(std::uint64_t offset, std::string_view why) const {
  return fmt::format("{} is damaged at offset {}: {}", name_, offset, why);
}

std::expected<void, std::string> File::check_whole() const {
  const auto end = file_->size() - page_bytes;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::vector<std::byte> bytes(read_at_once_bytes);
  for (std::uint64_t offset = 0; offset < end; offset += bytes.size()) {
    bytes.resize(std::min<std::uint64_t>(read_at_once_bytes, end - offset));
    if (auto read = file_->read(offset, bytes); !read) {
      return std::unexpected(read.error().message());
    }
    XXH3_64bits_update(state.get(), bytes.data(), bytes.size());
  }
  if (XXH3_64bits_digest(state.get()) != footer_.content) {
    return std::unexpected(name_ + " does not hold what its footer says: its checksum is wrong");
  }
  const bool is_merged = info_.first_segment != info_.last_segment;
  if (!is_merged && make_seal(footer_) != info_.seal) {
    return std::unexpected(name_ + " has another seal than its content makes");
  }
  return {};
}

// -- questions --------------------------------------------------------------------------

payment::Total File::total(payment::ProcessorNumber processor) const {
  return processor < sums_.size() ? sums_[processor].total : payment::Total{};
}

payment::UtcMs File::highest_time() const {
  auto highest = info_.highest_requested_at;
  for (const auto& sums : sums_) highest = std::max(highest, payment::UtcMs{sums.last_time});
  return highest;
}

std::uint64_t File::page_of(const payment::CorrelationId& id) const {
  const auto after = std::ranges::upper_bound(first_ids_, id);
  return after == first_ids_.begin() ? 0
                                     : static_cast<std::uint64_t>(after - first_ids_.begin() - 1);
}

std::uint64_t File::sum_pages(payment::ProcessorNumber processor) const {
  return processor < sums_.size() ? sums_[processor].pages : 0;
}

Read<std::optional<SettledPayment>> File::find(const payment::CorrelationId& id, Wait wait) const {
  const auto after = std::ranges::upper_bound(first_ids_, id);
  if (after == first_ids_.begin()) return std::nullopt;
  const auto page = id_page(static_cast<std::uint64_t>(after - first_ids_.begin() - 1), wait);
  if (!page) return std::unexpected(page.error());
  const auto entry = page->find(id);
  if (!entry) return std::nullopt;
  return read_entry(*entry);
}

Read<payment::Total> File::sum(payment::ProcessorNumber processor, const books::Window& window,
                               Wait wait) const {
  if (processor >= sums_.size() || window.from > window.to) return payment::Total{};
  const Sums& sums = sums_[processor];
  const auto until = sum_until(sums, window.to.value, wait);
  if (!until || until->count == 0 || window.from == payment::UtcMs::min()) return until;
  const auto before = sum_until(sums, window.from.value - 1, wait);
  if (!before) return before;
  return payment::Total{.count = until->count - before->count,
                        .cents = until->cents - before->cents};
}

Read<payment::Total> File::sum_until(const Sums& sums, std::int64_t time, Wait wait) const {
  if (time >= sums.last_time) return sums.total;
  const auto begin = first_times_.begin() + static_cast<std::ptrdiff_t>(sums.first_page);
  const auto end = begin + static_cast<std::ptrdiff_t>(sums.pages);
  const auto after = std::upper_bound(begin, end, time);
  if (after == begin) return payment::Total{};
  const auto number = static_cast<std::uint64_t>(after - first_times_.begin() - 1);
  const auto page = this->page(id_pages() + number, wait);
  if (!page) return std::unexpected(page.error());
  const auto found = page->last_sum_until(time);
  assert(found);
  return read_total(found->count, found->cents_low, found->cents_high);
}

Read<Page> File::id_page(std::uint64_t number, Wait wait) const {
  assert(number < id_pages());
  return page(number, wait);
}

Read<Page> File::sum_page(payment::ProcessorNumber processor, std::uint64_t number,
                          Wait wait) const {
  assert(number < sum_pages(processor));
  return page(id_pages() + sums_[processor].first_page + number, wait);
}

Read<Page> File::page(std::uint64_t number, Wait wait) const {
  Read<Page> page;
  const auto offset = number * page_bytes;
  if (!file_->read_at_once(offset, page->bytes())) {
    if (wait == Wait::no) return std::unexpected(Miss{});
    if (auto read = file_->read(offset, page->bytes()); !read) {
      return std::unexpected(Miss{read.error().message()});
    }
  }
  const PagePlace place{
      .first_segment = info_.first_segment, .last_segment = info_.last_segment, .number = number};
  if (!page->is_intact(place)) {
    return std::unexpected(
        Miss{damaged(offset, "a page has a wrong checksum, or belongs to another place")});
  }
  return page;
}

}  // namespace payswitch::store::archive
