#include "processor/wire.h"

#include <gtest/gtest.h>

namespace payswitch::processor {
namespace {

using Answered = std::expected<http::IncomingResponse, http::Failure>;

const auto id = *payment::CorrelationId::parse("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3");

Answered response(unsigned status, std::string_view body) {
  return http::IncomingResponse{.status = status, .content_type = "application/json", .body = body};
}
std::string entry(std::string_view amount, std::string_view time) {
  return R"({"correlationId":"4A7901B8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":)" +
         std::string(amount) + R"(,"requestedAt":")" + std::string(time) + "\"}";
}

TEST(Wire, ThePaymentBodyHasTwoPlacesAndMilliseconds) {
  std::string body = "what was there before";
  write_payment_body(body, id, payment::Money::from_cents(1990), {1751978096789});
  EXPECT_EQ(body, R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.90,)"
                  R"("requestedAt":"2025-07-08T12:34:56.789Z"})");
}

TEST(Wire, AnEntryIsReadWithAndWithoutZAndWithZeroToSevenDigits) {
  for (std::string_view time : {"2025-07-08T12:34:56.789Z", "2025-07-08T12:34:56.789",
                                "2025-07-08T12:34:56.7890000Z", "2025-07-08T12:34:56.7899999"}) {
    const auto body = entry("19.9", time);
    const auto found = read_entry(id, response(200, body));
    ASSERT_TRUE(found) << time;
    EXPECT_EQ(found->amount, payment::Money::from_cents(1990));
    EXPECT_EQ(found->requested_at.value, 1751978096789);
  }
  const auto body = entry("19.9", "2025-07-08T12:34:56");
  EXPECT_EQ(read_entry(id, response(200, body))->requested_at.value, 1751978096000);
}

TEST(Wire, Only404MeansNotFoundAndEverythingElseTeachesNothing) {
  EXPECT_EQ(read_entry(id, response(404, "")).error(), NoEntry::not_found);
  for (unsigned status : {204u, 301u, 422u, 429u, 500u, 503u}) {
    EXPECT_EQ(read_entry(id, response(status, "")).error(), NoEntry::no_answer) << status;
  }
  EXPECT_EQ(read_entry(id, std::unexpected(http::Failure::cut)).error(), NoEntry::no_answer);
}

TEST(Wire, AnEntryThatCannotBeReadOrNamesAnotherPaymentIsNoResponse) {
  const auto good = entry("19.9", "2025-07-08T12:34:56Z");
  EXPECT_EQ(read_entry({}, response(200, good)).error(), NoEntry::no_answer);
  for (const auto& body :
       {std::string("{}"), std::string("garbled"), entry("\"19.9\"", "2025-07-08T12:34:56Z"),
        entry("19.999", "2025-07-08T12:34:56Z"), entry("19.9", "yesterday"),
        entry(R"(19.9,"amount":20)", "2025-07-08T12:34:56Z")}) {
    EXPECT_EQ(read_entry(id, response(200, body)).error(), NoEntry::no_answer) << body;
  }
}

TEST(Wire, HealthIsReadOrNothingIs) {
  const auto report = read_health(response(200, R"({"failing":true,"minResponseTime":120})"));
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->failing);
  EXPECT_EQ(report->min_response_time, std::chrono::milliseconds(120));
  EXPECT_FALSE(read_health(response(429, "")));
  EXPECT_FALSE(read_health(response(200, R"({"failing":"yes","minResponseTime":120})")));
  EXPECT_FALSE(read_health(response(200, R"({"failing":true,"minResponseTime":-1})")));
  EXPECT_FALSE(read_health(std::unexpected(http::Failure::cut)));
}

}  // namespace
}  // namespace payswitch::processor
