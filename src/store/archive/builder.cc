#include "store/archive/builder.h"

#include <fmt/format.h>

#include <cassert>
#include <cstring>

namespace payswitch::store::archive {

using platform::DiskResult;

std::string file_name(std::uint64_t first_segment, std::uint64_t last_segment) {
  return fmt::format("sealed-{:010}-{:010}", first_segment, last_segment);
}

void Builder::HashDeleter::operator()(XXH3_state_t* state) const {
  XXH3_freeState(state);
}

Builder::Builder(platform::FileWriter& out, const FileInfo& info)
    : out_(out),
      info_(info),
      content_(XXH3_createState()),
      tables_(XXH3_createState()),
      filter_(info.payments, info.filter_seed) {
  XXH3_64bits_reset(content_.get());
  XXH3_64bits_reset(tables_.get());
  footer_.magic = file_magic;
  footer_.version = format_version;
  footer_.processors = static_cast<std::uint32_t>(info.names.size());
  footer_.first_segment = info.first_segment;
  footer_.last_segment = info.last_segment;
  footer_.batch_number = info.chain.number;
  footer_.batch_checksum = info.chain.checksum;
  footer_.records = info.records;
  footer_.payments = info.payments;
  footer_.findings = info.findings;
  footer_.highest_requested_at = info.highest_requested_at.value;
  footer_.previous = info.previous;
  footer_.filter_seed = info.filter_seed;
  for (std::size_t i = 0; i < info.names.size(); ++i) {
    std::memcpy(footer_.processor[i].name.data(), info.names[i].data(), info.names[i].size());
  }
}

Builder::~Builder() = default;

DiskResult<void> Builder::add(const Entry& entry) {
  assert(processor_ == -1);
  if (!page_.has_room_for(entry)) {
    if (auto closed = close_page(footer_.id_pages); !closed) return closed;
  }
  if (page_.empty()) first_ids_.push_back(entry.slot.id);
  page_.add(entry);
  filter_.add(entry.id());
  return {};
}

DiskResult<void> Builder::add(payment::ProcessorNumber processor, payment::UtcMs time,
                              const payment::Total& total) {
  assert(processor >= processor_ && processor < info_.names.size());
  const bool is_next = processor != processor_;
  if (is_next || !page_.has_room_for_sum()) {
    auto& pages = processor_ == -1 ? footer_.id_pages : footer_.sum_pages;
    if (auto closed = close_page(pages); !closed) return closed;
  }
  FooterProcessor& sums = footer_.processor[processor];
  if (is_next) {
    processor_ = processor;
    running_ = {};
    sums.first_page = footer_.sum_pages;
  }
  if (page_.empty()) {
    first_times_.push_back(time.value);
    ++sums.pages;
  }
  running_ += total;
  sums.count = running_.count;
  sums.cents_low = low_half(running_.cents);
  sums.cents_high = high_half(running_.cents);
  sums.last_time = time.value;
  page_.add(Sum{.time = time.value,
                .count = sums.count,
                .cents_low = sums.cents_low,
                .cents_high = sums.cents_high});
  return {};
}

DiskResult<void> Builder::close_page(std::uint64_t& pages) {
  if (page_.empty()) return {};
  auto written = write(page_.close({.first_segment = info_.first_segment,
                                    .last_segment = info_.last_segment,
                                    .number = footer_.id_pages + footer_.sum_pages}));
  ++pages;
  page_.clear();
  return written;
}

DiskResult<void> Builder::write(std::span<const std::byte> bytes) {
  XXH3_64bits_update(content_.get(), bytes.data(), bytes.size());
  return out_.write(bytes);
}

DiskResult<void> Builder::write_table(std::span<const std::byte> bytes) {
  XXH3_64bits_update(tables_.get(), bytes.data(), bytes.size());
  return write(bytes);
}

DiskResult<void> Builder::finish() {
  auto& pages = processor_ == -1 ? footer_.id_pages : footer_.sum_pages;
  if (auto closed = close_page(pages); !closed) return closed;
  footer_.filter_blocks = filter_.blocks().size();
  if (auto written = write_table(std::as_bytes(filter_.blocks())); !written) return written;
  if (auto written = write_table(std::as_bytes(std::span(first_ids_))); !written) return written;
  if (auto written = write_table(std::as_bytes(std::span(first_times_))); !written) return written;
  footer_.tables = XXH3_64bits_digest(tables_.get());
  footer_.content = XXH3_64bits_digest(content_.get());
  footer_.seal = info_.seal != 0 ? info_.seal : make_seal(footer_);
  footer_.checksum = XXH3_64bits(&footer_, offsetof(Footer, checksum));
  std::array<std::byte, page_bytes> last{};
  std::memcpy(last.data(), &footer_, sizeof(footer_));
  return out_.write(last);
}

std::size_t covered_bytes(const Footer& footer) {
  return footer.version == oldest_format_version ? offsetof(Footer, filter_seed)
                                                 : offsetof(Footer, checksum);
}

// Of everything else in it, the seal before included.
std::uint64_t make_seal(Footer footer) {
  footer.seal = 0;
  const auto seal = XXH3_64bits(&footer, covered_bytes(footer));
  return seal == 0 ? 1 : seal;
}

}  // namespace payswitch::store::archive
