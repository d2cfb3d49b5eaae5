#include "store/journal/segment.h"

#include <gmock/gmock.h>

#include <cstddef>
#include <cstring>
#include <vector>

namespace payswitch::store::journal {
namespace {

using testing::HasSubstr;

std::vector<std::byte> segment_file(const SegmentHeader& header, std::size_t size = 8192) {
  std::vector<std::byte> file(size);
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

SegmentHeader header() {
  return make_segment_header({.number = 7, .size = 8192});
}

std::string refusal(const std::vector<std::byte>& file, std::uint64_t number = 7) {
  const auto checked = check_segment(file, number);
  return checked ? "accepted" : checked.error();
}

TEST(Segment, TheNameCarriesTheNumberInTenDigits) {
  EXPECT_EQ(segment_name(1), "journal-0000000001");
  EXPECT_EQ(segment_name(9'999'999'999), "journal-9999999999");
  EXPECT_EQ(segment_number("journal-0000000001"), 1u);
  EXPECT_EQ(segment_number("journal-9999999999"), 9'999'999'999u);
}

TEST(Segment, OtherNamesAreNoSegments) {
  for (const auto* name : {"", "journal-", "journal-1", "journal-00000000001", "journal-000000000x",
                           "journal--000000001", "journal-0000000001.tmp", "sealed-0000000001",
                           "lock", "journal-+000000001", "Journal-0000000001"}) {
    EXPECT_FALSE(segment_number(name)) << name;
  }
}

TEST(Segment, TheHeaderIsReadBack) {
  const auto checked = check_segment(segment_file(header()), 7);
  ASSERT_TRUE(checked) << checked.error();
  EXPECT_EQ(checked->number, 7u);
  EXPECT_EQ(checked->size, 8192u);
}

TEST(Segment, AFlippedBitAnywhereInTheHeaderIsRefused) {
  const auto file = segment_file(header());
  for (std::size_t bit = 0; bit < sizeof(SegmentHeader) * 8; ++bit) {
    auto flipped = file;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(check_segment(flipped, 7)) << "bit " << bit;
  }
}

TEST(Segment, SaysWhatIsWrongWithIt) {
  EXPECT_THAT(refusal(std::vector<std::byte>(47)), HasSubstr("too short"));
  EXPECT_THAT(refusal(std::vector<std::byte>(8192)), HasSubstr("wrong magic"));
  EXPECT_THAT(refusal(segment_file(header()), 8), HasSubstr("holds segment 7"));
  EXPECT_THAT(refusal(segment_file(header(), 8191)), HasSubstr("8191 bytes long"));
  EXPECT_THAT(refusal(segment_file(header(), 8193)), HasSubstr("8193 bytes long"));
  const auto tiny = make_segment_header({.number = 7, .size = 8191});
  EXPECT_THAT(refusal(segment_file(tiny, 8191)), HasSubstr("8191"));
}

TEST(Segment, AnotherVersionOrSlotSizeIsNamedWhateverItsChecksum) {
  auto newer = header();
  newer.version = 4;
  EXPECT_THAT(refusal(segment_file(newer)), HasSubstr("format version 4, this program reads"));
  auto wider = header();
  wider.slot_size = 64;
  EXPECT_THAT(refusal(segment_file(wider)), HasSubstr("slots of 64 bytes"));
}

}  // namespace
}  // namespace payswitch::store::journal
