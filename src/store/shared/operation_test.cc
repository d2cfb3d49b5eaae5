#include "store/shared/operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/samples_fixture.h"
#include "store/shared/keys.h"

namespace payswitch::store::shared {
namespace {

using testing::ElementsAre;

class Operations : public testing::Test {
 protected:
  Call call(const Operation& operation, const std::string& owner = "we") {
    return call_of(operation, scripts, {.instance = "we", .process = "process"}, owner);
  }

  const Scripts scripts;
  const std::string id = test_id(1).to_string();
  const std::string key = payment_key(test_id(1));
  const unsigned shard = shard_of(test_id(1));
  const std::string time = std::to_string(at(7).value);
};

TEST_F(Operations, AnAcceptNamesItsToken) {
  const Call plain = call(accept_operation(acceptance(1), 42));
  EXPECT_EQ(plain.script, &scripts.accept);
  EXPECT_THAT(plain.keys, ElementsAre(key, shard_key(shard, own, "we"), shard_key(shard, owners)));
  EXPECT_THAT(plain.arguments, ElementsAre(id, "we", "process-42", "1990",
                                           std::to_string(at(1).value), "1", "", ""));
  Acceptance carrying = acceptance(1, 5, intent(1, at(7), dear));
  carrying.admit_new = false;
  const Operation operation = accept_operation(carrying, 1);
  EXPECT_EQ(operation.number, 1u);
  const auto arguments = call(operation).arguments;
  EXPECT_EQ(arguments[5], "0");
  EXPECT_EQ(arguments[6], "1");
  EXPECT_EQ(arguments[7], time);
}

TEST_F(Operations, AnIntent) {
  const Call made = call(intend_operation(test_id(1), intent(3, at(7), dear)));
  EXPECT_EQ(made.script, &scripts.intend);
  EXPECT_THAT(made.keys, ElementsAre(key));
  EXPECT_THAT(made.arguments, ElementsAre("we", "3", "1", time));
}

TEST_F(Operations, ARefusalNamesTheProcessorOnlyWhenItIsOurFault) {
  const auto bit = [&](payment::ProcessorNumber processor, payment::Outcome reason) {
    const Call made =
        call(refuse_operation(test_id(1), {.processor = processor, .number = 2, .reason = reason}));
    EXPECT_EQ(made.script, &scripts.refuse);
    EXPECT_EQ(made.arguments[1], "2");
    EXPECT_EQ(made.arguments[4], std::to_string(max_attempts_remembered));
    return made.arguments[3];
  };
  EXPECT_EQ(bit(dear, payment::Outcome::refused), "0");
  EXPECT_EQ(bit(cheap, payment::Outcome::our_fault), "1");
  EXPECT_EQ(bit(dear, payment::Outcome::our_fault), "2");
  EXPECT_EQ(bit(payment::max_processors - 1, payment::Outcome::our_fault), "2147483648");
}

TEST_F(Operations, ASettlementGoesToTheOwnersSet) {
  Settlement booked = settlement(intent(2, at(7), dear), 4200);
  booked.finding = true;
  const Call made = call(settle_operation(test_id(1), booked), "another");
  EXPECT_EQ(made.script, &scripts.settle);
  EXPECT_THAT(made.keys,
              ElementsAre(key, shard_key(shard, own, "another"), shard_key(shard, count_of, dear),
                          shard_key(shard, cents_of, dear), shard_key(shard, widest_count_of, dear),
                          shard_key(shard, widest_cents_of, dear)));
  ASSERT_EQ(made.arguments.size(), 14u);
  EXPECT_THAT(std::vector(made.arguments.begin(), made.arguments.begin() + 9),
              ElementsAre(id, "another", "1", "2", time, "4200", std::to_string(at(12).value), "1",
                          "0:" + time));
}

TEST_F(Operations, TheOthers) {
  const Call unknown = call(mark_unknown_operation(test_id(1), 5));
  EXPECT_EQ(unknown.script, &scripts.mark_unknown);
  EXPECT_THAT(unknown.arguments, ElementsAre("we", "5"));
  const Call parked = call(park_operation(test_id(1), at(7)));
  EXPECT_EQ(parked.script, &scripts.park);
  EXPECT_THAT(parked.keys, ElementsAre(key, shard_key(shard, own, "we")));
  EXPECT_THAT(parked.arguments, ElementsAre(id, "we", time));
}

TEST_F(Operations, OnlyAcceptancesAndIntentsAreInHaste) {
  using Kind = Operation::Kind;
  for (const Kind kind : {Kind::accept, Kind::intend}) EXPECT_EQ(haste_of(kind), wire::Flush::now);
  for (const Kind kind : {Kind::refuse, Kind::mark_unknown, Kind::settle, Kind::park}) {
    EXPECT_EQ(haste_of(kind), wire::Flush::lazy);
  }
}

// A million of them are remembered.
TEST_F(Operations, AreSmall) {
  EXPECT_LE(sizeof(Operation), 72u);
}

}  // namespace
}  // namespace payswitch::store::shared
