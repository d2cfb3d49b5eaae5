#include "tools/processor/routes.h"

#include <gmock/gmock.h>

#include <vector>

namespace payswitch::lab {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::HasSubstr;

constexpr std::string_view id_text = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3";

class Routes : public testing::Test {
 protected:
  Response ask(Method method, std::string_view path, std::string_view body = {},
               std::string_view query = {}) {
    const http::Field token{"X-Rinha-Token", token_};
    const http::Request request{
        .method = method, .path = path, .query = query, .fields = {&token, 1}, .body = body};
    return answer(processor_, request, now_);
  }

  Response find(std::string_view id = id_text) {
    return ask(Method::get, "/payments/" + std::string(id));
  }

  void book(std::int64_t cents, std::int64_t time, std::uint8_t number = 1) {
    processor_.ledger().book(payment::CorrelationId({number}),
                             {.amount = payment::Money::from_cents(cents), .requested_at = {time}});
  }

  void put_entry(std::string_view body) {
    ASSERT_EQ(ask(Method::put, "/lab/books/" + std::string(id_text), body).status, 204u);
  }

  void set_faults(std::string_view body) {
    ASSERT_EQ(ask(Method::put, "/lab/faults", body).status, 204u);
  }

  void fill() {
    for (int i = 0; i < 1300; ++i) {
      Post post;
      ASSERT_NE(processor_.arrive(post), Processor::Admission::turn_away);
    }
  }

  Processor processor_{Fee::parse("0.05").value()};
  std::string token_ = "123";
  platform::Instant now_{1h};
};

TEST_F(Routes, HealthShowsTheSwitchesAndIsThrottled) {
  EXPECT_EQ(ask(Method::get, "/payments/service-health").body,
            R"({"failing":false,"minResponseTime":0})");
  EXPECT_EQ(ask(Method::get, "/payments/service-health").status, 429u);
  EXPECT_EQ(ask(Method::put, "/admin/configurations/delay", R"({"delay":250})").status, 200u);
  EXPECT_EQ(ask(Method::put, "/admin/configurations/failure", R"({"failure":true})").status, 200u);
  now_ += 5s;
  EXPECT_EQ(ask(Method::get, "/payments/service-health").body,
            R"({"failing":true,"minResponseTime":250})");
}

TEST_F(Routes, APaymentIsFoundAsBookedAndOthersAreNot) {
  EXPECT_EQ(find().status, 404u);
  put_entry(R"({"amount":19.9,"requestedAt":"2025-07-08T12:34:56.78Z"})");
  EXPECT_EQ(find().status, 200u);
  EXPECT_EQ(find().body, R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3",)"
                         R"("amount":19.90,"requestedAt":"2025-07-08T12:34:56.780Z"})");
  EXPECT_EQ(find("4A7901B8-7D26-4D9D-AA19-4DC1C7CF60B3").status, 200u);
  EXPECT_EQ(find("not-an-id").status, 404u);
}

TEST_F(Routes, AFindHasNeitherDelayNorFailureSwitch) {
  put_entry(R"({"amount":19.9,"requestedAt":"2025-07-08T12:34:56Z"})");
  processor_.settings() = {.delay = 1h, .failing = true};
  EXPECT_EQ(find().status, 200u);
}

TEST_F(Routes, AFindIsTurnedAwayWhileTheLimitIsReached) {
  put_entry(R"({"amount":19.9,"requestedAt":"2025-07-08T12:34:56Z"})");
  set_faults(R"({"get":"not_found","get_count":1})");
  fill();
  EXPECT_EQ(find().status, 429u);
  processor_.finish(Post{});
  EXPECT_EQ(find().status, 404u);
  EXPECT_EQ(find().status, 200u);
}

TEST_F(Routes, FaultsStrikeFinds) {
  put_entry(R"({"amount":19.9,"requestedAt":"2025-07-08T12:34:56Z"})");
  set_faults(R"({"get":"no_zone"})");
  EXPECT_THAT(find().body, HasSubstr(R"("2025-07-08T12:34:56.000"})"));
  set_faults(R"({"get":"not_found"})");
  EXPECT_EQ(find().status, 404u);
  set_faults(R"({"get":"status","get_status":503})");
  EXPECT_EQ(find().status, 503u);
  EXPECT_EQ(find().body, "");
  set_faults(R"({"get":"drop"})");
  EXPECT_EQ(find().raw_then_close, "");
  set_faults("{}");
  EXPECT_EQ(find().status, 200u);
}

TEST_F(Routes, BadFaultsChangeNothing) {
  set_faults(R"({"get":"drop"})");
  const Response response = ask(Method::put, "/lab/faults", R"({"get":"dorp"})");
  EXPECT_EQ(response.status, 400u);
  EXPECT_EQ(response.body, R"({"message":"get"})");
  EXPECT_EQ(find().raw_then_close, "");
}

TEST_F(Routes, TheSummaryIsExactAndBothEndsAreInclusive) {
  book(1990, 1000, 1);
  book(10, 2000, 2);
  book(7, 3000, 3);
  const auto ask_window = [&](std::string_view query) {
    return ask(Method::get, "/admin/payments-summary", {}, query).body;
  };
  EXPECT_EQ(ask_window("from=1970-01-01T00:00:01Z&to=1970-01-01T00%3A00%3A02.000Z"),
            R"({"totalRequests":2,"totalAmount":20.00,"totalFee":1.00,"feePerTransaction":0.05})");
  EXPECT_EQ(ask_window("from=1970-01-01T00:00:01.0001Z&to=1970-01-01T00:00:01.9999Z"),
            R"({"totalRequests":0,"totalAmount":0.00,"totalFee":0.00,"feePerTransaction":0.05})");
}

TEST_F(Routes, WithOneEndMissingTheSummaryIsOfEverything) {
  book(1990, 1000, 1);
  book(10, 2000, 2);
  for (const auto* query : {"", "from=1970-01-01T00:00:02Z", "to=1970-01-01T00:00:01Z"}) {
    EXPECT_THAT(ask(Method::get, "/admin/payments-summary", {}, query).body,
                HasSubstr(R"("totalRequests":2,)"))
        << query;
  }
  EXPECT_EQ(ask(Method::get, "/admin/payments-summary", {}, "from=x&to=y").status, 400u);
}

TEST_F(Routes, EveryAdminPathNeedsTheToken) {
  for (const bool wrong : {true, false}) {
    token_ = wrong ? "1234" : "";
    EXPECT_EQ(ask(Method::get, "/admin/payments-summary").status, 401u);
    EXPECT_EQ(ask(Method::post, "/admin/purge-payments").status, 401u);
    EXPECT_EQ(ask(Method::put, "/admin/configurations/delay", R"({"delay":1})").status, 401u);
  }
  const http::Request bare{.method = Method::get, .path = "/admin/payments-summary"};
  EXPECT_EQ(answer(processor_, bare, now_).status, 401u);
}

TEST_F(Routes, TheTokenCanBeChanged) {
  const Response response = ask(Method::put, "/admin/configurations/token", R"({"token":"new"})");
  EXPECT_EQ(response.status, 204u);
  EXPECT_EQ(ask(Method::get, "/admin/payments-summary").status, 401u);
  token_ = "new";
  EXPECT_EQ(ask(Method::get, "/admin/payments-summary").status, 200u);
}

TEST_F(Routes, BadControlsAreRefusedAndChangeNothing) {
  EXPECT_EQ(ask(Method::put, "/admin/configurations/token", "{}").status, 400u);
  EXPECT_EQ(ask(Method::put, "/admin/configurations/delay", R"({"delay":"1"})").status, 400u);
  EXPECT_EQ(ask(Method::put, "/admin/configurations/failure", R"({"failure":1})").status, 400u);
  EXPECT_EQ(processor_.settings().token, "123");
  EXPECT_EQ(processor_.settings().delay, 0ms);
  EXPECT_FALSE(processor_.settings().failing);
}

TEST_F(Routes, APurgeEmptiesTheBooks) {
  book(1990, 1000);
  EXPECT_EQ(ask(Method::post, "/admin/purge-payments").status, 200u);
  EXPECT_EQ(processor_.ledger().size(), 0u);
}

TEST_F(Routes, TheBooksCanBeForgedAndListed) {
  put_entry(R"({"amount":1,"requestedAt":"1970-01-01T00:00:00Z"})");
  put_entry(R"({"amount":2,"requestedAt":"1970-01-01T00:00:01Z"})");
  const Response list = ask(Method::get, "/lab/books");
  EXPECT_EQ(list.content_type, "application/x-ndjson");
  EXPECT_EQ(list.body,
            "{\"correlationId\":\"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3\","
            "\"amount\":2.00,\"requestedAt\":\"1970-01-01T00:00:01.000Z\",\"times\":1}\n");
  const std::string path = "/lab/books/" + std::string(id_text);
  EXPECT_EQ(ask(Method::del, path).status, 204u);
  EXPECT_EQ(ask(Method::del, path).status, 404u);
  EXPECT_EQ(ask(Method::put, path, R"({"amount":0})").status, 400u);
  EXPECT_EQ(ask(Method::put, "/lab/books/x", R"({"amount":1})").status, 400u);
  EXPECT_EQ(processor_.ledger().size(), 0u);
}

TEST_F(Routes, TheCountersAreShown) {
  processor_.count_post();
  Post post;
  processor_.arrive(post);
  processor_.finish(post);
  find();
  find();
  ask(Method::get, "/payments/service-health");
  ask(Method::get, "/payments/service-health");
  ask(Method::get, "/payments/service-health");
  EXPECT_EQ(ask(Method::get, "/lab/counters").body,
            R"({"posts":1,"posts_booked":1,"gets":2,"health_calls":3,"health_throttled":2,)"
            R"("max_running":1})");
}

TEST_F(Routes, UnknownPathsAndWrongMethodsAreToldApart) {
  EXPECT_EQ(ask(Method::get, "/nowhere").status, 404u);
  EXPECT_EQ(ask(Method::get, "/lab/bookss").status, 404u);
  EXPECT_EQ(ask(Method::get, "/payments").status, 405u);
  EXPECT_EQ(ask(Method::post, "/payments/service-health").status, 405u);
  EXPECT_EQ(ask(Method::post, "/lab/books").status, 405u);
  EXPECT_EQ(ask(Method::get, "/lab/books/" + std::string(id_text)).status, 405u);
  EXPECT_EQ(ask(Method::put, "/payments/" + std::string(id_text)).status, 405u);
}

}  // namespace
}  // namespace payswitch::lab
