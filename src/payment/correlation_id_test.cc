#include "payment/correlation_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace payswitch::payment {
namespace {

constexpr std::string_view sample = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3";

CorrelationId random_id(std::mt19937_64& random) {
  std::array<std::uint8_t, 16> bytes;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return CorrelationId(bytes);
}

CorrelationId with_bit_flipped(const CorrelationId& id, std::size_t bit) {
  auto bytes = id.bytes();
  bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << bit % 8));
  return CorrelationId(bytes);
}

std::size_t hash_of(const CorrelationId& id) {
  return std::hash<CorrelationId>()(id);
}

TEST(CorrelationId, ReadsItsBytesInTheOrderInWhichTheyAreWritten) {
  const auto id = CorrelationId::parse(sample);
  ASSERT_TRUE(id);
  const std::array<std::uint8_t, 16> bytes = {0x4a, 0x79, 0x01, 0xb8, 0x7d, 0x26, 0x4d, 0x9d,
                                              0xaa, 0x19, 0x4d, 0xc1, 0xc7, 0xcf, 0x60, 0xb3};
  EXPECT_EQ(id->bytes(), bytes);
  EXPECT_EQ(id->to_string(), sample);
}

TEST(CorrelationId, UpperAndLowerCaseAreTheSameIdAndAreWrittenInLowerCase) {
  std::string upper(sample);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  const auto id = CorrelationId::parse(upper);
  ASSERT_TRUE(id);
  EXPECT_EQ(id, CorrelationId::parse(sample));
  EXPECT_EQ(id->to_string(), sample);
}

TEST(CorrelationId, TakesEveryVersionEvenTheNilAndTheMaxUuid) {
  EXPECT_EQ(CorrelationId::parse("00000000-0000-0000-0000-000000000000"), CorrelationId());
  EXPECT_TRUE(CorrelationId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  for (const char version : std::string_view("0123456789abcdef")) {
    std::string text(sample);
    text[14] = version;
    EXPECT_TRUE(CorrelationId::parse(text)) << text;
  }
}

TEST(CorrelationId, RefusesEveryTextWithOneCharacterThatDoesNotBelong) {
  for (std::size_t at = 0; at < sample.size(); ++at) {
    const bool hyphen = sample[at] == '-';
    for (int c = 0; c < 256; ++c) {
      std::string text(sample);
      text[at] = static_cast<char>(c);
      const bool fits = hyphen ? c == '-' : std::isxdigit(c) != 0;
      EXPECT_EQ(CorrelationId::parse(text).has_value(), fits) << at << " " << c;
    }
  }
}

TEST(CorrelationId, RefusesAnythingBeforeAfterOrMissing) {
  const std::string text(sample);
  EXPECT_FALSE(CorrelationId::parse(""));
  EXPECT_FALSE(CorrelationId::parse(" " + text));
  EXPECT_FALSE(CorrelationId::parse(text + " "));
  EXPECT_FALSE(CorrelationId::parse(text + '\0'));
  EXPECT_FALSE(CorrelationId::parse(text.substr(1)));
  EXPECT_FALSE(CorrelationId::parse(text.substr(0, 35)));
  EXPECT_FALSE(CorrelationId::parse("{" + text + "}"));
  EXPECT_FALSE(CorrelationId::parse("4a7901b87d264d9daa194dc1c7cf60b3"));
  EXPECT_FALSE(CorrelationId::parse("4a7901b87-d26-4d9d-aa19-4dc1c7cf60b3"));
}

TEST(CorrelationId, WritesExactly36CharactersAndNoTerminator) {
  std::string room(CorrelationId::text_length + 1, '#');
  CorrelationId::parse(sample)->write(room.data());
  EXPECT_EQ(room, std::string(sample) + "#");
}

TEST(CorrelationId, EveryIdReadsBackAsItself) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const CorrelationId id = random_id(random);
    ASSERT_EQ(CorrelationId::parse(id.to_string()), id);
  }
}

TEST(CorrelationId, IsOrderedAsItsTextIs) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 10'000; ++i) {
    const CorrelationId a = random_id(random);
    const CorrelationId b = i % 2 == 0 ? random_id(random) : with_bit_flipped(a, random() % 128);
    ASSERT_EQ(a < b, a.to_string() < b.to_string());
  }
}

TEST(CorrelationIdHash, EveryInputBitFlipsEveryOutputBitHalfTheTime) {
  constexpr int rounds = 4'000;
  std::mt19937_64 random(3);
  std::vector<std::array<int, 64>> flips(128);
  for (int round = 0; round < rounds; ++round) {
    const CorrelationId id = random_id(random);
    for (std::size_t in = 0; in < 128; ++in) {
      const std::size_t changed = hash_of(id) ^ hash_of(with_bit_flipped(id, in));
      for (std::size_t out = 0; out < 64; ++out) flips[in][out] += changed >> out & 1;
    }
  }
  // Seven standard deviations of a fair coin: all 8192 pairs stay inside, in any run.
  for (const auto& row : flips) {
    for (const int flipped : row) EXPECT_NEAR(flipped, rounds / 2, 7 * 32);
  }
}

// Ids that count upwards, in either half: what an honest client might send.
TEST(CorrelationIdHash, SpreadsIdsThatDifferInFewBitsOverTheBuckets) {
  constexpr std::size_t buckets = 1 << 12;
  constexpr int per_bucket = 64;
  for (const std::size_t at : {std::size_t{0}, std::size_t{6}, std::size_t{13}}) {
    std::vector<int> low(buckets);
    std::vector<int> high(buckets);
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < buckets * per_bucket; ++i) {
      for (std::size_t b = 0; b < 3; ++b) bytes[at + b] = static_cast<std::uint8_t>(i >> 8 * b);
      const std::size_t hash = hash_of(CorrelationId(bytes));
      ++low[hash % buckets];
      ++high[hash >> 52];
    }
    EXPECT_LT(*std::max_element(low.begin(), low.end()), 2 * per_bucket);
    EXPECT_LT(*std::max_element(high.begin(), high.end()), 2 * per_bucket);
  }
}

TEST(CorrelationIdHash, IsTheSameForTheSameIdThroughoutOneProcess) {
  EXPECT_EQ(hash_of(*CorrelationId::parse(sample)), hash_of(*CorrelationId::parse(sample)));
}

TEST(CorrelationIdHashDeathTest, IsAnotherOneInAnotherProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a new process, not a copy of this one
  const auto print_and_exit = [] {
    std::fprintf(stderr, "hash %zu.", hash_of(CorrelationId()));
    std::exit(0);
  };
  const std::string ours = "hash " + std::to_string(hash_of(CorrelationId())) + ".";
  EXPECT_EXIT(print_and_exit(), testing::ExitedWithCode(0),
              testing::AllOf(testing::HasSubstr("hash "), testing::Not(testing::HasSubstr(ours))));
}

}  // namespace
}  // namespace payswitch::payment
