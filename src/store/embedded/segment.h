#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/embedded/format.h"

// A segment as a file: its name, its header, its size. Pure.
namespace payswitch::store::embedded {

// The smallest segment that is of any use: the header and 85 slots.
inline constexpr std::uint64_t min_segment_bytes = 8192;

// A segment file, and how long it is.
struct Segment {
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::uint32_t version = format_version;  // as it was read
};

// "journal-0000000001".
std::string segment_name(std::uint64_t number);

// The number in a segment's name; nullopt when the file is no segment.
std::optional<std::uint64_t> segment_number(std::string_view name);

SegmentHeader make_segment_header(const Segment& segment);

// Checks that `file` is the whole of segment `number`, in a format that this program reads. An
// error says what is wrong, for a person; the caller names the file.
std::expected<Segment, std::string> check_segment(std::span<const std::byte> file,
                                                  std::uint64_t number);

}  // namespace payswitch::store::embedded
