#include "processor/dialect.h"

#include <gtest/gtest.h>

#include <set>

namespace payswitch::processor {
namespace {

using payment::Outcome;
using Answered = std::expected<http::IncomingResponse, http::Failure>;

Outcome read(Answered response) {
  return read_response(*find_dialect("rinha"), response);
}
Outcome read(unsigned status, std::string_view body) {
  return read(
      http::IncomingResponse{.status = status, .content_type = "application/json", .body = body});
}

TEST(Dialect, RinhaReadsEachListedResponseAsTheProtocolSays) {
  EXPECT_EQ(read(200, R"({"message":"ok"})"), Outcome::taken);
  EXPECT_EQ(read(200, ""), Outcome::taken);
  EXPECT_EQ(read(422, "{}"), Outcome::already_booked);
  EXPECT_EQ(read(429, ""), Outcome::throttled);
  for (unsigned status : {400u, 413u, 415u}) EXPECT_EQ(read(status, "{}"), Outcome::our_fault);
  for (unsigned status : {401u, 403u, 404u, 405u}) {
    EXPECT_EQ(read(status, ""), Outcome::misconfigured);
  }
}

TEST(Dialect, A500WithoutABodyIsARefusalAndWithOneNobodyKnows) {
  EXPECT_EQ(read(500, ""), Outcome::refused);
  EXPECT_EQ(read(500, R"({"detail":"database"})"), Outcome::unknown);
}

TEST(Dialect, A500WhoseEmptyBodyOnlyTheConnectionEndedIsUnknown) {
  EXPECT_EQ(read(http::IncomingResponse{
                .status = 500, .content_type = "", .body = "", .is_framed = false}),
            Outcome::unknown);
}

TEST(Dialect, EveryStatusThatIsNotListedIsUnknown) {
  const std::set<unsigned> listed = {200, 422, 500, 429, 400, 413, 415, 401, 403, 404, 405};
  for (unsigned status = 100; status < 600; ++status) {
    if (listed.contains(status)) continue;
    EXPECT_EQ(read(status, ""), Outcome::unknown) << status;
    EXPECT_EQ(read(status, "{}"), Outcome::unknown) << status;
  }
}

TEST(Dialect, OfTheFailuresOnlyNotSentIsARefusal) {
  EXPECT_EQ(read(std::unexpected(http::Failure::not_sent)), Outcome::not_sent);
  for (auto failure : {http::Failure::cut, http::Failure::garbled, http::Failure::hung_up}) {
    EXPECT_EQ(read(std::unexpected(failure)), Outcome::unknown);
  }
}

TEST(Dialect, AnUnknownNameHasNoDialect) {
  EXPECT_EQ(find_dialect("klingon"), nullptr);
}

}  // namespace
}  // namespace payswitch::processor
