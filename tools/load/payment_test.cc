#include "tools/load/payment.h"

#include <gtest/gtest.h>

#include <limits>

#include "testing/world/random.h"

namespace payswitch::lab::load {
namespace {

class Fixed final : public platform::Random {
 public:
  explicit Fixed(std::uint64_t value) : value_(value) {}
  std::uint64_t next() override { return value_; }

 private:
  std::uint64_t value_;
};

TEST(NewId, IsARandomUuidOfVersionFour) {
  Fixed none(0);
  EXPECT_EQ(new_id(none).to_string(), "00000000-0000-4000-8000-000000000000");
  Fixed all(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(new_id(all).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(NewId, IsAnotherOneEachTime) {
  SeededRandom random(1);
  const auto first = new_id(random);
  EXPECT_NE(first, new_id(random));
}

TEST(PaymentBody, HasTheAmountWithTwoPlaces) {
  Fixed none(0);
  EXPECT_EQ(payment_body(new_id(none), usual_amount()),
            R"({"correlationId":"00000000-0000-4000-8000-000000000000","amount":19.90})");
}

}  // namespace
}  // namespace payswitch::lab::load
