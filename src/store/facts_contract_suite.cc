#include <gmock/gmock.h>

#include "store/contract_fixture.h"

// What every store keeps about the whole of itself: store.h's Facts, PROTOCOL 3.3.
namespace payswitch::store {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char a[] = "http://a:1";
constexpr char b[] = "http://b:1/pay";
constexpr char c[] = "http://c:1";

TEST_P(StoreContract, FactsOfAFreshStoreAreTheConfigurationAndNothingElse) {
  EXPECT_THAT(store().facts().origins, ElementsAre(a, b));
  EXPECT_FALSE(store().facts().restored);
  EXPECT_EQ(store().facts().told, payment::UtcMs{});
}

TEST_P(StoreContract, WhatWasToldIsKeptAndNeverFalls) {
  keep_told(at(7));
  EXPECT_EQ(store().facts().told, at(7));
  keep_told(at(5));
  keep_told(at(7));
  EXPECT_EQ(store().facts().told, at(7));
  if (!restart()) return;
  EXPECT_EQ(store().facts().told, at(7));
  keep_told(at(8));
  restart();
  EXPECT_EQ(store().facts().told, at(8));
}

TEST_P(StoreContract, ARestoredStoreStaysOneUntilTheOperatorSaysThatItIsDone) {
  options().restored = Restored::on;
  if (!restart()) return;
  EXPECT_TRUE(store().facts().restored);
  options().restored = Restored::unset;
  restart();
  EXPECT_TRUE(store().facts().restored);
  options().restored = Restored::done;
  restart();
  EXPECT_FALSE(store().facts().restored);
  options().restored = Restored::unset;
  restart();
  EXPECT_FALSE(store().facts().restored);
}

TEST_P(StoreContract, Protocol33AnotherPlaceIsRefusedWhileAPaymentIsUnansweredThere) {
  accept(acceptance(1, 1990, intent(1, at(1), cheap)));
  accept(acceptance(2, 10, intent(1, at(2), cheap)));
  if (!restart()) return;
  options().processors = {{"default", c}, {"fallback", b}};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("'default'"), HasSubstr(a), HasSubstr(c),
                               HasSubstr("2 payments"), HasSubstr("20.00")));
  options().processors = {{"default", b}, {"fallback", a}};
  EXPECT_THAT(refusal(), HasSubstr("'default'"));
  options().processors = {{"fallback", b}, {"default", a}};
  restart();
  settle(1, settlement(intent(1, at(1), cheap), 1990));
  settle(2, settlement(intent(1, at(2), cheap), 10));
  EXPECT_THAT(origins(), ElementsAre(a, b));
}

TEST_P(StoreContract, Protocol33WhatWasRefusedOrNeverSentBindsNoPlace) {
  accept(acceptance(1));
  accept(acceptance(2, 10, intent(1, at(2), cheap)));
  refuse(2, intent(1, at(2), cheap));
  pay(3, at(3));
  if (!restart()) return;
  options().processors = {{"default", c}, {"fallback", b}};
  restart();
  EXPECT_THAT(origins(), ElementsAre(c, b));
  restart();
  EXPECT_THAT(origins(), ElementsAre(c, b));
}

TEST_P(StoreContract, Protocol33BooksThatHaveMovedAreTheSameAndAreKeptSo) {
  accept(acceptance(1, 1990, intent(1, at(1), cheap)));
  options().processors = {{"default", c}, {"fallback", b}};
  options().moved = {"default"};
  if (!restart()) return;
  EXPECT_THAT(origins(), ElementsAre(c, b));
  options().moved.clear();
  restart();
  EXPECT_THAT(origins(), ElementsAre(c, b));
  options().processors = {{"default", a}, {"fallback", b}};
  EXPECT_THAT(refusal(), HasSubstr("'default'"));
}

TEST_P(StoreContract, Protocol33AProcessorThatIsNotConfiguredKeepsItsPlace) {
  accept(acceptance(1, 1990, intent(1, at(1), cheap)));
  options().processors = {{"fallback", b}};
  if (!restart()) return;
  EXPECT_THAT(origins(), ElementsAre(a, b));
  options().processors = {{"fallback", b}, {"default", c}};
  EXPECT_THAT(refusal(), HasSubstr("'default'"));
}

TEST_P(StoreContract, AnOriginHasUpToFourHundredBytes) {
  const std::string longest = "http://x/" + std::string(max_origin_bytes - 9, 'y');
  options().processors = {{"default", longest}, {"fallback", b}};
  if (!restart()) return;
  EXPECT_THAT(origins(), ElementsAre(longest, b));
  restart();
  EXPECT_THAT(origins(), ElementsAre(longest, b));
  options().processors = {{"default", longest + "y"}, {"fallback", b}};
  EXPECT_THAT(refusal(), HasSubstr("400 bytes"));
}

}  // namespace
}  // namespace payswitch::store
