#include "api/payment_json.h"

#include "api/api_fixture.h"

namespace payswitch::api {
namespace {

using payment::Outcome;
using payment::State;

const std::vector<std::string> names{"default", "fallback"};

using PaymentJson = ApiTest;

TEST_F(PaymentJson, OfANewPaymentNothingIsKnownYet) {
  EXPECT_EQ(to_json(view(State::accepted), names),
            R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","state":"accepted",)"
            R"("amount":19.90,"processor":null,"acceptedAt":"2025-06-15T00:00:00.000Z",)"
            R"("requestedAt":null,"settledAt":null,"bookedAmount":null,"finding":false,)"
            R"("attemptsMade":0,"attempts":[]})");
}

TEST_F(PaymentJson, OfASettledOneEverythingIs) {
  store::PaymentView settled = view(State::settled);
  settled.processor = 1;
  settled.requested_at = lab::World::default_wall;
  settled.settled_at = payment::UtcMs{lab::World::default_wall.value + 5};
  settled.booked_amount = payment::Money::from_cents(1991);
  settled.finding = true;
  settled.attempts_made = 2;
  settled.attempts = {
      {.number = 1,
       .processor = 0,
       .requested_at = lab::World::default_wall,
       .outcome = Outcome::refused},
      {.number = 2, .processor = 1, .requested_at = lab::World::default_wall, .outcome = {}}};
  const std::string time = R"("2025-06-15T00:00:00.000Z")";
  EXPECT_EQ(to_json(settled, names),
            R"({"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","state":"settled",)"
            R"("amount":19.90,"processor":"fallback","acceptedAt":)" +
                time + R"(,"requestedAt":)" + time +
                R"(,"settledAt":"2025-06-15T00:00:00.005Z","bookedAmount":19.91,"finding":true,)"
                R"("attemptsMade":2,"attempts":[)"
                R"({"number":1,"processor":"default","requestedAt":)" +
                time +
                R"(,"outcome":"refused"},{"number":2,"processor":"fallback","requestedAt":)" +
                time + R"(,"outcome":null}]})");
}

TEST_F(PaymentJson, AProcessorWithoutANameIsNull) {
  store::PaymentView attempting = view(State::attempting);
  attempting.processor = 2;
  EXPECT_TRUE(to_json(attempting, names).contains(R"("processor":null)"));
}

}  // namespace
}  // namespace payswitch::api
