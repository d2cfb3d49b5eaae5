#include "api/waiters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::api {
namespace {

payment::CorrelationId id_of(std::size_t n) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[15 - i] = static_cast<std::uint8_t>(n >> 8 * i);
  return payment::CorrelationId(bytes);
}

struct Deaf final : http::ResponseSink {
  void respond(std::uint64_t, const http::Response&) override {}
};

Waiters::Waiter waiter(std::uint64_t number) {
  return {.number = number, .respond = http::Responder(std::make_shared<Deaf>(), 0)};
}

std::vector<std::uint64_t> numbers(const std::vector<Waiters::Waiter>& waiters) {
  std::vector<std::uint64_t> numbers;
  for (const auto& each : waiters) numbers.push_back(each.number);
  return numbers;
}

TEST(Waiters, SixteenMayWaitForOnePaymentAndTheNextMayNot) {
  Waiters waiters;
  for (std::uint64_t i = 0; i < 16; ++i) {
    ASSERT_TRUE(waiters.has_room_for(id_of(1)));
    waiters.add(id_of(1), waiter(i));
  }
  EXPECT_FALSE(waiters.has_room_for(id_of(1)));
  EXPECT_TRUE(waiters.has_room_for(id_of(2)));
  EXPECT_TRUE(waiters.take(id_of(1), 7));
  EXPECT_TRUE(waiters.has_room_for(id_of(1)));
}

TEST(Waiters, TenThousandMayWaitTogetherAndTheNextMayNot) {
  Waiters waiters;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(waiters.has_room_for(id_of(i)));
    waiters.add(id_of(i), waiter(i));
  }
  EXPECT_FALSE(waiters.has_room_for(id_of(10'000)));
  waiters.take_all(id_of(3));
  EXPECT_TRUE(waiters.has_room_for(id_of(10'000)));
}

TEST(Waiters, EachIsTakenOnce) {
  Waiters waiters;
  for (std::uint64_t i = 1; i <= 3; ++i) waiters.add(id_of(1), waiter(i));
  EXPECT_EQ(waiters.take(id_of(1), 2)->number, 2u);
  EXPECT_FALSE(waiters.take(id_of(1), 2));
  EXPECT_FALSE(waiters.take(id_of(2), 1));
  EXPECT_EQ(numbers(waiters.take_all(id_of(1))), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_FALSE(waiters.take(id_of(1), 3));
  EXPECT_TRUE(waiters.take_all(id_of(1)).empty());
  EXPECT_TRUE(waiters.empty());
}

TEST(Waiters, EveryPaymentWithAWaiterIsFound) {
  Waiters waiters;
  for (std::uint64_t i = 0; i < 5; ++i) waiters.add(id_of(i), waiter(i));
  std::size_t taken = 0;
  while (!waiters.empty()) taken += waiters.take_all(waiters.any()).size();
  EXPECT_EQ(taken, 5u);
}

}  // namespace
}  // namespace payswitch::api
