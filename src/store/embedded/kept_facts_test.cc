#include "store/embedded/kept_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/samples_fixture.h"

namespace payswitch::store::embedded {
namespace {

using testing::ElementsAre;

class KeptFactsTest : public testing::Test {
 protected:
  KeptFactsTest() {
    facts_.processor_is_named();
    facts_.processor_is_named();
  }
  // Null, or the contradiction.
  const char* apply(const std::vector<journal::Record>& records) {
    for (const journal::Record& record : records) {
      EXPECT_EQ(journal::fault_of(record), nullptr);
      const auto applied = facts_.apply(record, ++sequence_);
      if (applied.contradiction != nullptr) return applied.contradiction;
    }
    return nullptr;
  }
  std::uint64_t sequence_ = 0;
  KeptFacts facts_;
};

TEST_F(KeptFactsTest, AnOriginOfAnyLengthIsReadBack) {
  for (const std::size_t size : {1u, 39u, 40u, 41u, 80u, 399u, 400u}) {
    const std::string origin(size, 'x');
    const auto records = journal::origin_records(1, origin);
    EXPECT_EQ(records.size(), (size + 39) / 40);
    EXPECT_EQ(apply(records), nullptr);
    EXPECT_THAT(facts_.values().origins, ElementsAre("", origin));
    EXPECT_EQ(facts_.records_to_carry(), records.size());
  }
}

TEST_F(KeptFactsTest, TheLastOneOfAKindHolds) {
  apply(journal::origin_records(0, "http://a:1"));
  apply(journal::origin_records(0, "http://b:1"));
  apply({journal::restored_record(true, at(1)), journal::restored_record(false, at(2)),
         journal::told_record(at(9)), journal::told_record(at(8))});
  EXPECT_THAT(facts_.values().origins, ElementsAre("http://b:1", ""));
  EXPECT_FALSE(facts_.values().restored);
  EXPECT_EQ(facts_.values().told, at(9));
  EXPECT_EQ(facts_.told_home(), 5u);
}

TEST_F(KeptFactsTest, PiecesThatDoNotBelongTogetherAreAContradiction) {
  const auto first = journal::origin_records(0, std::string(100, 'x'));
  const auto other = journal::origin_records(1, std::string(100, 'x'));
  EXPECT_EQ(apply({first[0], first[1]}), nullptr);
  EXPECT_NE(apply({other[2]}), nullptr);
  EXPECT_NE(apply({first[1]}), nullptr);
  EXPECT_NE(apply({other[0]}), nullptr);
  EXPECT_EQ(apply({first[2]}), nullptr);
  EXPECT_NE(apply({first[1]}), nullptr);
}

TEST_F(KeptFactsTest, Protocol45WhatHasItsHomeBeforeAPlaceIsToldAgainOnceAndHolds) {
  apply(journal::origin_records(0, std::string(100, 'x')));  // 1 to 3
  apply({journal::told_record(at(1)), journal::restored_record(true, at(2))});
  EXPECT_TRUE(facts_.carry_forward_if_home_before(1, 100).empty());
  auto carried_forward = facts_.carry_forward_if_home_before(5, 100);
  ASSERT_EQ(carried_forward.size(), 4u);
  EXPECT_EQ(facts_.told_home(), 103u);
  EXPECT_TRUE(facts_.carry_forward_if_home_before(5, 104).empty());
  const auto rest = facts_.carry_forward_if_home_before(100, 104);
  carried_forward.insert(carried_forward.end(), rest.begin(), rest.end());
  EXPECT_TRUE(facts_.carry_forward_if_home_before(100, 105).empty());

  KeptFacts read;
  read.processor_is_named();
  for (const journal::Record& record : carried_forward) {
    EXPECT_EQ(journal::fault_of(record), nullptr);
    EXPECT_EQ(read.apply(record, 100).contradiction, nullptr);
  }
  EXPECT_THAT(read.values().origins, ElementsAre(std::string(100, 'x')));
  EXPECT_TRUE(read.values().restored);
  EXPECT_EQ(read.values().told, at(1));
}

}  // namespace
}  // namespace payswitch::store::embedded
