#pragma once

#include <algorithm>
#include <cerrno>
#include <expected>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "platform/disk.h"
#include "store/archive/builder.h"
#include "store/archive/file.h"
#include "store/samples_fixture.h"

// Archive files as bytes, in memory.
namespace payswitch::store::archive {

using platform::Bytes;

struct BytesWriter final : platform::FileWriter {
  platform::DiskResult<void> write(std::span<const std::byte> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  Bytes bytes;
};

class BytesFile final : public platform::RandomAccessFile {
 public:
  explicit BytesFile(Bytes bytes, bool is_in_memory = true)
      : bytes_(std::move(bytes)), is_in_memory_(is_in_memory) {}

  std::uint64_t size() const override { return bytes_.size(); }
  platform::DiskResult<void> read(std::uint64_t offset, std::span<std::byte> into) const override {
    if (copy(offset, into)) return {};
    return std::unexpected(platform::DiskError{EIO, "ends before"});
  }
  bool read_at_once(std::uint64_t offset, std::span<std::byte> into) const override {
    return is_in_memory_ && copy(offset, into);
  }

 private:
  bool copy(std::uint64_t offset, std::span<std::byte> into) const {
    if (offset > bytes_.size() || bytes_.size() - offset < into.size()) return false;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return true;
  }

  const Bytes bytes_;
  const bool is_in_memory_;
};

// One attempt, booked as it was sent.
inline SettledPayment settled(std::uint32_t number, std::int64_t time = 0,
                              std::int64_t amount = 100,
                              payment::ProcessorNumber processor = cheap) {
  const Intent sent = intent(1, at(time), processor);
  return {.id = test_id(number),
          .amount = cents(amount),
          .accepted_at = at(time),
          .settlement = settlement(sent, amount),
          .attempts = {{.number = 1,
                        .processor = processor,
                        .requested_at = sent.requested_at,
                        .outcome = payment::Outcome::taken}}};
}

// Of that many: numbers `first`, `first` + `step`, …; each at the millisecond of its number.
inline std::vector<SettledPayment> many_settled(std::uint32_t first, std::uint32_t count,
                                                std::uint32_t step = 1) {
  std::vector<SettledPayment> payments;
  for (std::uint32_t i = 0; i < count; ++i) {
    payments.push_back(settled(first + i * step, first + i * step));
  }
  return payments;
}

inline FileInfo info_of(std::uint64_t segment, std::size_t payments) {
  return {.first_segment = segment,
          .last_segment = segment,
          .chain = {.number = 10 * segment, .checksum = segment},
          .records = 100 * segment,
          .payments = payments,
          .findings = 0,
          .highest_requested_at = at(0),
          .names = {"default", "fallback"},
          .previous = 0,
          .seal = 0,
          .filter_seed = segment};
}

inline Bytes file_bytes(std::vector<SettledPayment> payments, const FileInfo& info) {
  BytesWriter out;
  Builder builder(out, info);
  std::ranges::sort(payments, {}, &SettledPayment::id);
  std::map<std::pair<payment::ProcessorNumber, std::int64_t>, payment::Total> sums;
  for (const auto& payment : payments) {
    std::ignore = builder.add(make_entry(payment));
    const auto& booked = payment.settlement;
    sums[{booked.processor, booked.requested_at.value}].add(booked.amount);
  }
  for (const auto& [when, total] : sums) {
    std::ignore = builder.add(when.first, {when.second}, total);
  }
  std::ignore = builder.finish();
  return std::move(out.bytes);
}

inline std::expected<std::shared_ptr<const File>, std::string> open_bytes(
    Bytes bytes, std::uint64_t first_segment, std::uint64_t last_segment) {
  return File::open(std::make_shared<BytesFile>(std::move(bytes)),
                    file_name(first_segment, last_segment));
}

inline std::shared_ptr<const File> make_archive_file(const std::vector<SettledPayment>& payments,
                                                     std::uint64_t segment = 1) {
  return open_bytes(file_bytes(payments, info_of(segment, payments.size())), segment, segment)
      .value();
}

}  // namespace payswitch::store::archive
