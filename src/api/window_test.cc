#include "api/window.h"

#include <gtest/gtest.h>

namespace payswitch::api {
namespace {

constexpr payment::UtcMs noon{1'751'976'000'000};  // 2025-07-08T12:00:00Z

std::string problem_of(std::string_view query) {
  const auto window = read_window(query);
  return window ? "" : std::string(window.error().field) + " " + window.error().detail;
}

TEST(Window, IsOpenAtBothEndsWithoutParameters) {
  const auto window = read_window("").value();
  EXPECT_EQ(window.from, payment::UtcMs::min());
  EXPECT_EQ(window.to, payment::UtcMs::max());
}

TEST(Window, EachEndIsOptional) {
  EXPECT_EQ(read_window("from=2025-07-08T12:00:00Z").value().from, noon);
  EXPECT_EQ(read_window("from=2025-07-08T12:00:00Z").value().to, payment::UtcMs::max());
  EXPECT_EQ(read_window("to=2025-07-08T12:00:00Z").value().to, noon);
}

TEST(Window, FromIsRoundedUpAndToDownToTheMillisecond) {
  const auto window =
      read_window("from=2025-07-08T12:00:00.000000001Z&to=2025-07-08T12:00:00.001999999Z").value();
  EXPECT_EQ(window.from.value, noon.value + 1);
  EXPECT_EQ(window.to.value, noon.value + 1);
}

TEST(Window, MayBeOneMoment) {
  EXPECT_TRUE(read_window("from=2025-07-08T12:00:00Z&to=2025-07-08T12:00:00Z"));
  EXPECT_EQ(problem_of("from=2025-07-08T12:00:00.001Z&to=2025-07-08T12:00:00Z"),
            "from must not be after 'to'");
}

TEST(Window, ATimeHasAZoneOrIsUtc) {
  EXPECT_EQ(read_window("from=2025-07-08T14:00:00+02:00").value().from, noon);
  EXPECT_EQ(read_window("from=2025-07-08T14%3A00%3A00%2B02:00").value().from, noon);
  EXPECT_EQ(read_window("from=2025-07-08T12:00:00").value().from, noon);
}

TEST(Window, WhatIsNoTimeIsAProblemOfItsParameter) {
  const std::string why = " must be an ISO 8601 time, such as 2025-07-08T12:34:56.789Z";
  EXPECT_EQ(problem_of("from="), "from" + why);
  EXPECT_EQ(problem_of("to=now"), "to" + why);
  EXPECT_EQ(problem_of("to=2025-02-30T00:00:00Z"), "to" + why);
  EXPECT_EQ(problem_of("to=%zz"), "to is not percent-encoded correctly");
  EXPECT_EQ(problem_of("from=1&from=1"), "from appears more than once");
}

}  // namespace
}  // namespace payswitch::api
