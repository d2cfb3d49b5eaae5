#include "redis/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::redis {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string trouble(std::string_view url) {
  const auto address = parse_address(url);
  return address ? "" : address.error();
}

TEST(RedisAddress, AHostIsEnough) {
  const auto address = parse_address("redis://cache");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "cache");
  EXPECT_EQ(address->port, 6379);
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password, "");
  EXPECT_EQ(address->database, 0u);
  EXPECT_FALSE(address->is_tls);
}

TEST(RedisAddress, EverythingCanBeSaid) {
  const auto address = parse_address("rediss://ann:se%40cret%2F@10.0.0.7:7001/12");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "10.0.0.7");
  EXPECT_EQ(address->port, 7001);
  EXPECT_EQ(address->user, "ann");
  EXPECT_EQ(address->password, "se@cret/");
  EXPECT_EQ(address->database, 12u);
  EXPECT_TRUE(address->is_tls);
}

TEST(RedisAddress, APasswordAloneIsThatOfTheDefaultUser) {
  const auto address = parse_address("redis://:secret@cache/0");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password, "secret");
}

TEST(RedisAddress, AnAddressOfSixStandsInBrackets) {
  const auto address = parse_address("redis://[::1]:7001/");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->shown(), "redis://[::1]:7001/0");
}

TEST(RedisAddress, ThePasswordIsNeverShown) {
  const auto address = parse_address("rediss://ann:secret@cache:7001/3");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->shown(), "rediss://cache:7001/3");
  for (const auto* const url : {"http://ann:secret@cache", "redis://ann:secret@cache:0",
                                "redis://ann:secret@cache/x", "redis://ann:sec ret@cache"}) {
    EXPECT_NE(trouble(url), "") << url;
    EXPECT_THAT(trouble(url), Not(HasSubstr("sec"))) << url;
  }
}

TEST(RedisAddress, WhatIsWrongIsSaid) {
  EXPECT_THAT(trouble(""), HasSubstr("cannot be read"));
  EXPECT_THAT(trouble("cache:6379"), HasSubstr("begin with redis://"));
  EXPECT_THAT(trouble("http://cache"), HasSubstr("begin with redis://"));
  EXPECT_THAT(trouble("redis://"), HasSubstr("no host"));
  EXPECT_THAT(trouble("redis:///0"), HasSubstr("no host"));
  EXPECT_THAT(trouble("redis://ann@cache"), HasSubstr("a user without a password"));
  EXPECT_THAT(trouble("redis://ann:@cache"), HasSubstr("a user without a password"));
  EXPECT_THAT(trouble("redis://cache?db=1"), HasSubstr("a query or a fragment"));
  EXPECT_THAT(trouble("redis://cache/one"), HasSubstr("the database is a number"));
  EXPECT_THAT(trouble("redis://cache/-1"), HasSubstr("the database is a number"));
  EXPECT_THAT(trouble("redis://cache/1/2"), HasSubstr("the database is a number"));
}

TEST(RedisAddress, ThePortIsOneTo65535) {
  EXPECT_EQ(parse_address("redis://cache:1")->port, 1);
  EXPECT_EQ(parse_address("redis://cache:65535")->port, 65535);
  for (const auto* const url :
       {"redis://cache:0", "redis://cache:65536", "redis://cache:", "redis://cache:x"}) {
    EXPECT_NE(trouble(url), "") << url;
  }
}

}  // namespace
}  // namespace payswitch::redis
