#include "tools/processor/faults.h"

#include <gtest/gtest.h>

namespace payswitch::lab {
namespace {

using std::chrono::milliseconds;

std::string field_at_fault(std::string_view json) {
  const auto faults = Faults::parse(json);
  return faults ? "" : faults.error();
}

TEST(Faults, NoneAreOnUntilTheyAreNamed) {
  auto faults = Faults::parse("{}").value();
  EXPECT_EQ(faults.strike_post().fault, PostFault::none);
  EXPECT_EQ(faults.strike_get().fault, GetFault::none);
}

TEST(Faults, EveryPostFaultHasAName) {
  const std::pair<const char*, PostFault> names[] = {
      {"none", PostFault::none},
      {"drop", PostFault::drop},
      {"take_and_drop", PostFault::take_and_drop},
      {"take_late", PostFault::take_late},
      {"answer_late", PostFault::answer_late},
      {"error_booked", PostFault::error_booked},
      {"error_unbooked", PostFault::error_unbooked},
      {"garble_booked", PostFault::garble_booked},
      {"garble_unbooked", PostFault::garble_unbooked},
      {"status", PostFault::status},
  };
  for (const auto& [name, fault] : names) {
    auto faults =
        Faults::parse(std::string(R"({"late_ms":1500,"status":503,"post":")") + name + "\"}")
            .value();
    const PostMischief mischief = faults.strike_post();
    EXPECT_EQ(mischief.fault, fault) << name;
    EXPECT_EQ(mischief.late, milliseconds(1500));
    EXPECT_EQ(mischief.status, 503u);
  }
}

TEST(Faults, EveryGetFaultHasAName) {
  const std::pair<const char*, GetFault> names[] = {
      {"none", GetFault::none},           {"no_zone", GetFault::no_zone},
      {"not_found", GetFault::not_found}, {"status", GetFault::status},
      {"drop", GetFault::drop},
  };
  for (const auto& [name, fault] : names) {
    auto faults = Faults::parse(std::string(R"({"get_status":502,"get":")") + name + "\"}").value();
    const GetMischief mischief = faults.strike_get();
    EXPECT_EQ(mischief.fault, fault) << name;
    EXPECT_EQ(mischief.status, 502u);
  }
}

TEST(Faults, ACountIsUsedUpByItsOwnKindOfRequest) {
  auto faults =
      Faults::parse(R"({"post":"drop","count":2,"get":"not_found","get_count":1})").value();
  EXPECT_EQ(faults.strike_post().fault, PostFault::drop);
  EXPECT_EQ(faults.strike_get().fault, GetFault::not_found);
  EXPECT_EQ(faults.strike_get().fault, GetFault::none);
  EXPECT_EQ(faults.strike_post().fault, PostFault::drop);
  EXPECT_EQ(faults.strike_post().fault, PostFault::none);
  EXPECT_EQ(faults.strike_post().fault, PostFault::none);
}

TEST(Faults, WithoutACountAFaultStaysOn) {
  auto faults = Faults::parse(R"({"post":"error_booked"})").value();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(faults.strike_post().fault, PostFault::error_booked);
}

TEST(Faults, AMistakeIsNamedAndNotIgnored) {
  EXPECT_EQ(field_at_fault(R"({"post":"dorp"})"), "post");
  EXPECT_EQ(field_at_fault(R"({"post":1})"), "post");
  EXPECT_EQ(field_at_fault(R"({"get":"garble"})"), "get");
  EXPECT_EQ(field_at_fault(R"({"post":"drop","count":-1})"), "count");
  EXPECT_EQ(field_at_fault(R"({"get":"drop","get_count":"1"})"), "get_count");
  EXPECT_EQ(field_at_fault(R"({"post":"drop"} )"), "");
  EXPECT_EQ(field_at_fault(R"({"post":"drop")"), "not JSON");
}

TEST(Faults, WhatAFaultNeedsMustBeThere) {
  EXPECT_EQ(field_at_fault(R"({"post":"take_late"})"), "late_ms");
  EXPECT_EQ(field_at_fault(R"({"post":"answer_late"})"), "late_ms");
  EXPECT_EQ(field_at_fault(R"({"post":"status"})"), "status");
  EXPECT_EQ(field_at_fault(R"({"get":"status"})"), "get_status");
}

TEST(Faults, NumbersAreHeldToTheirLimits) {
  EXPECT_EQ(field_at_fault(R"({"count":1000000000})"), "");
  EXPECT_EQ(field_at_fault(R"({"count":1000000001})"), "count");
  EXPECT_EQ(field_at_fault(R"({"late_ms":86400000})"), "");
  EXPECT_EQ(field_at_fault(R"({"late_ms":86400001})"), "late_ms");
  EXPECT_EQ(field_at_fault(R"({"status":200})"), "");
  EXPECT_EQ(field_at_fault(R"({"status":199})"), "status");
  EXPECT_EQ(field_at_fault(R"({"status":599})"), "");
  EXPECT_EQ(field_at_fault(R"({"status":600})"), "status");
  EXPECT_EQ(field_at_fault(R"({"get_status":600})"), "get_status");
}

}  // namespace
}  // namespace payswitch::lab
