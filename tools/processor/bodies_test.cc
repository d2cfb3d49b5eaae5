#include "tools/processor/bodies.h"

#include <gmock/gmock.h>

namespace payswitch::lab {
namespace {

using testing::StartsWith;

constexpr std::string_view id_text = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3";

std::expected<PaymentBody, std::string> payment(std::string_view json) {
  return PaymentReader().read(json);
}

std::string payment_error(std::string_view json) {
  const auto read = payment(json);
  return read ? "" : read.error();
}

TEST(Bodies, APaymentIsReadExactly) {
  const auto read = payment(R"({"correlationId":"4A7901B8-7d26-4d9d-aa19-4dc1c7cf60b3",)"
                            R"("amount":1.99e1,"requestedAt":"2025-07-08T12:34:56.789Z"})");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->id.to_string(), id_text);
  EXPECT_EQ(read->entry.amount.cents(), 1990);
  EXPECT_EQ(read->entry.requested_at.value, 1'751'978'096'789);
}

TEST(Bodies, AReaderForgetsThePaymentBefore) {
  PaymentReader reader;
  ASSERT_TRUE(reader.read(R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":1,)"
                          R"("requestedAt":"2025-07-08T12:34:56Z"})"));
  EXPECT_FALSE(reader.read(R"({"amount":1,"requestedAt":"2025-07-08T12:34:56Z"})"));
}

TEST(Bodies, ABadPaymentSaysWhichFieldIsAtFault) {
  EXPECT_EQ(payment_error("nonsense"), "not JSON");
  EXPECT_EQ(payment_error("[]"), "not an object");
  EXPECT_EQ(payment_error("{} x"), "something follows the object");
  EXPECT_THAT(payment_error("{}"), StartsWith("correlationId: "));
  EXPECT_THAT(payment_error(R"({"correlationId":"4a7901b8","amount":1})"),
              StartsWith("correlationId: "));
  const std::string start = R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3")";
  EXPECT_THAT(payment_error(start + "}"), StartsWith("amount: "));
  for (const auto* amount : {"0", "-1", "\"1\"", "0.001", "10000000000.00"}) {
    EXPECT_THAT(payment_error(start + ",\"amount\":" + amount + "}"), StartsWith("amount: "));
  }
  EXPECT_THAT(payment_error(start + R"(,"amount":1})"), StartsWith("requestedAt: "));
  EXPECT_THAT(payment_error(start + R"(,"amount":1,"requestedAt":"yesterday"})"),
              StartsWith("requestedAt: "));
  EXPECT_THAT(payment_error(start + R"(,"amount":1,"amount":2})"), StartsWith("amount: "));
}

TEST(Bodies, AnEntryNeedsNoId) {
  const auto entry = read_entry(R"({"amount":0.01,"requestedAt":"1970-01-01T00:00:01"})");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->amount.cents(), 1);
  EXPECT_EQ(entry->requested_at.value, 1000);
  EXPECT_FALSE(read_entry(R"({"amount":0.01})"));
}

TEST(Bodies, TheControlsAreReadByTheirType) {
  EXPECT_EQ(read_token(R"({"token":"secret"})"), "secret");
  EXPECT_EQ(read_failure(R"({"failure":true})"), true);
  EXPECT_EQ(read_failure(R"({"failure":false})"), false);
  EXPECT_EQ(read_delay(R"({"delay":1500})"), std::chrono::milliseconds(1500));
  EXPECT_FALSE(read_token(R"({"token":1})"));
  EXPECT_FALSE(read_failure(R"({"failure":"true"})"));
  EXPECT_FALSE(read_failure("{}"));
  EXPECT_FALSE(read_delay(R"({"delay":"1"})"));
  EXPECT_FALSE(read_delay(R"({"delay":-1})"));
  EXPECT_FALSE(read_delay(R"({"delay":1.5})"));
}

TEST(Bodies, ADelayIsOfADayAtMost) {
  EXPECT_TRUE(read_delay(R"({"delay":86400000})"));
  EXPECT_FALSE(read_delay(R"({"delay":86400001})"));
}

TEST(Bodies, ABookEntryIsShownInUtcWithMilliseconds) {
  const auto id = payment::CorrelationId::parse(id_text).value();
  const Entry entry{.amount = payment::Money::from_cents(1990),
                    .requested_at = {1'751'978'096'780}};
  EXPECT_EQ(entry_json(id, entry, true),
            R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.90,)"
            R"("requestedAt":"2025-07-08T12:34:56.780Z"})");
  EXPECT_EQ(entry_json(id, entry, false),
            R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.90,)"
            R"("requestedAt":"2025-07-08T12:34:56.780"})");
}

}  // namespace
}  // namespace payswitch::lab
