#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/journal/format.h"

// A segment as a file: its name, its header, its size. Pure.
namespace payswitch::store::journal {

// The smallest segment that is of any use: the header and 85 slots.
inline constexpr std::uint64_t min_segment_bytes = 8192;

// A segment file, and what its header says of it.
struct Segment {
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::uint32_t version = format_version;  // as it was read
  // It is written with durability `os`, from `synced` on: what lies before was synced, a multiple
  // of block_bytes.
  bool is_of_os = false;
  std::uint64_t synced = 0;
};

// "journal-0000000001".
std::string segment_name(std::uint64_t number);

// The number in a segment's name; nullopt when the file is no segment.
std::optional<std::uint64_t> segment_number(std::string_view name);

SegmentHeader make_segment_header(const Segment& segment);

// Checks that a file of `size` bytes that begins with these is the whole of segment `number`, in a
// format that this program reads. An error says what is wrong, for a person; the caller names the
// file.
std::expected<Segment, std::string> check_segment(std::span<const std::byte> beginning,
                                                  std::uint64_t size, std::uint64_t number);
inline std::expected<Segment, std::string> check_segment(std::span<const std::byte> file,
                                                         std::uint64_t number) {
  return check_segment(file, file.size(), number);
}

// What it holds is not damage: another version of the program reads it.
bool is_of_another_format(std::span<const std::byte> file);

}  // namespace payswitch::store::journal
