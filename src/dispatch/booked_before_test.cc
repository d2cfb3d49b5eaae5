#include "dispatch/booked_before.h"

#include <gtest/gtest.h>

#include <vector>

namespace payswitch::dispatch {
namespace {

using payment::UtcMs;

TEST(BookedBefore, OnlyAnEarlierEntryIsNotOurs) {
  EXPECT_TRUE(BookedBefore::is_so(UtcMs{1'000}, UtcMs{999}));
  EXPECT_FALSE(BookedBefore::is_so(UtcMs{1'000}, UtcMs{1'000}));
  EXPECT_FALSE(BookedBefore::is_so(UtcMs{1'000}, UtcMs{1'001}));
}

TEST(BookedBefore, TheFirstIsSaidAndThenEachPowerOfTen) {
  BookedBefore booked;
  std::vector<std::uint64_t> said;
  for (int i = 0; i < 1'500; ++i) {
    if (booked.count()) said.push_back(booked.total());
  }
  EXPECT_EQ(said, (std::vector<std::uint64_t>{1, 10, 100, 1'000}));
  EXPECT_EQ(booked.total(), 1'500u);
}

}  // namespace
}  // namespace payswitch::dispatch
