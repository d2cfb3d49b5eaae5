#include "store/journal/segment.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "text/number.h"

namespace payswitch::store::journal {

namespace {

constexpr std::string_view prefix = "journal-";
constexpr std::size_t digits = 10;

std::uint64_t checksum_of(const SegmentHeader& header) {
  return XXH3_64bits(&header, offsetof(SegmentHeader, checksum));
}

}  // namespace

std::string segment_name(std::uint64_t number) {
  return fmt::format("{}{:0{}}", prefix, number, digits);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (name.size() != digits) return std::nullopt;
  return text::parse_number<std::uint64_t>(name);
}

SegmentHeader make_segment_header(const Segment& segment) {
  SegmentHeader header{.magic = segment_magic,
                       .version = format_version,
                       .slot_size = slot_bytes,
                       .number = segment.number,
                       .segment_size = segment.size,
                       .flags = segment.is_of_os ? flag_of_os : 0,
                       .synced_blocks = static_cast<std::uint32_t>(
                           segment.is_of_os ? segment.synced / block_bytes : 0),
                       .checksum = 0};
  header.checksum = checksum_of(header);
  return header;
}

bool is_of_another_format(std::span<const std::byte> file) {
  SegmentHeader header;
  if (file.size() < sizeof(header)) return false;
  std::memcpy(&header, file.data(), sizeof(header));
  return header.magic == segment_magic &&
         (!is_read(header.version) || header.slot_size != slot_bytes);
}

std::expected<Segment, std::string> check_segment(std::span<const std::byte> beginning,
                                                  std::uint64_t size, std::uint64_t number) {
  SegmentHeader header;
  if (beginning.size() < sizeof(header)) return std::unexpected("is too short to have a header");
  std::memcpy(&header, beginning.data(), sizeof(header));
  if (header.magic != segment_magic) return std::unexpected("is no journal segment (wrong magic)");
  // Before the checksum: a newer format may keep it elsewhere.
  if (!is_read(header.version)) {
    return std::unexpected(
        fmt::format("has format version {}, this program reads versions {} to {}", header.version,
                    oldest_format_version, format_version));
  }
  if (header.slot_size != slot_bytes) {
    return std::unexpected(fmt::format("has slots of {} bytes, this program reads slots of {}",
                                       header.slot_size, slot_bytes));
  }
  if (header.checksum != checksum_of(header)) {
    return std::unexpected("is damaged at offset 0: its header has a wrong checksum");
  }
  if (header.number != number) {
    return std::unexpected(fmt::format("holds segment {}: it was renamed", header.number));
  }
  if (header.segment_size != size || header.segment_size < min_segment_bytes) {
    return std::unexpected(
        fmt::format("is {} bytes long, its header says {}", size, header.segment_size));
  }
  const bool has_flags = header.version >= 3;
  if (has_flags && (header.flags & ~flag_of_os) != 0) {
    return std::unexpected("is damaged at offset 0: its header has unknown flags");
  }
  return Segment{.number = header.number,
                 .size = header.segment_size,
                 .version = header.version,
                 .is_of_os = has_flags && (header.flags & flag_of_os) != 0,
                 .synced = has_flags ? header.synced_blocks * block_bytes : 0};
}

}  // namespace payswitch::store::journal
