#include "tools/load/machine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace payswitch::lab::load {
namespace {

using namespace std::chrono_literals;

TEST(CpuTime, AddsUserAndSystemTime) {
  const auto time =
      parse_stat("12 (payswitch) S 1 12 12 0 -1 4194304 9 0 0 0 150 75 0 0 20 0", 100);
  EXPECT_EQ(time, 2250ms);
}

TEST(CpuTime, ANameMayHoldSpacesAndBrackets) {
  EXPECT_EQ(parse_stat("12 (a) b (c) S 1 12 12 0 -1 0 9 0 0 0 3 4 0", 10), 700ms);
}

TEST(CpuTime, WhatIsCutShortIsNoTime) {
  EXPECT_EQ(parse_stat("", 100), std::nullopt);
  EXPECT_EQ(parse_stat("12 (payswitch) S 1 12 12 0 -1 4194304 9 0 0 0 150", 100), std::nullopt);
  EXPECT_EQ(parse_stat("12 (payswitch) S 1 12 12 0 -1 4194304 9 0 0 0 150 x 0", 100), std::nullopt);
}

TEST(CpuTime, KnowsThisProcessAndNoProcessZero) {
  EXPECT_NE(cpu_time(::getpid()), std::nullopt);
  EXPECT_EQ(cpu_time(0), std::nullopt);
}

TEST(CpuTime, IsToldInMicrosecondsAPaymentIfThereWasOne) {
  EXPECT_EQ(us_each(3ms, 2), 1500);
  EXPECT_EQ(us_each(3ms, 0), std::nullopt);
}

TEST(OpenFiles, MayBeAsManyAsTheSystemAllows) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  allow_many_files();
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Fdatasync, IsMeasuredAsOftenAsAskedAndLeavesNothingBehind) {
  const auto latency = measure_fdatasync(testing::TempDir(), 3);
  ASSERT_TRUE(latency) << latency.error();
  EXPECT_EQ(latency->count(), 3u);
}

TEST(Fdatasync, SaysWhereItCouldNot) {
  const auto latency = measure_fdatasync("/no/such/place", 1);
  ASSERT_FALSE(latency);
  EXPECT_EQ(latency.error(), "fdatasync in /no/such/place: No such file or directory");
}

}  // namespace
}  // namespace payswitch::lab::load
