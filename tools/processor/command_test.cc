#include "tools/processor/command.h"

#include <gtest/gtest.h>

namespace payswitch::lab {
namespace {

TEST(Command, AnAddressIsAHostAndAPort) {
  const auto address = parse_address("127.0.0.1:8001");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "127.0.0.1");
  EXPECT_EQ(address->port, 8001);
  EXPECT_EQ(parse_address("localhost:0")->port, 0);
  EXPECT_EQ(parse_address("localhost:65535")->port, 65535);
}

TEST(Command, WhatIsNoAddressIsAnError) {
  for (const auto* text : {"", "8001", ":8001", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                           "127.0.0.1:65536", "127.0.0.1:80x", "127.0.0.1:-1"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

}  // namespace
}  // namespace payswitch::lab
