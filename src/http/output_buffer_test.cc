#include "http/output_buffer.h"

#include <gtest/gtest.h>

namespace payswitch::http {
namespace {

TEST(OutputBuffer, WhatIsAppendedIsUnsentUntilItIsConsumed) {
  OutputBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  buffer.target() += "abcdef";
  buffer.consume(2);
  buffer.target() += "gh";
  EXPECT_EQ(buffer.unsent(), "cdefgh");
  buffer.consume(6);
  EXPECT_TRUE(buffer.empty());
  buffer.target() += "i";
  EXPECT_EQ(buffer.unsent(), "i");
}

TEST(OutputBuffer, TheMemoryOfALargeMessageIsGivenBackAndThatOfASmallOneKept) {
  OutputBuffer buffer;
  buffer.target().append(1000, 'x');
  buffer.consume(1000);
  EXPECT_GE(buffer.target().capacity(), 1000u);
  buffer.target().append(1 << 20, 'x');
  buffer.consume(1 << 20);
  EXPECT_LT(buffer.target().capacity(), 1000u);
}

TEST(OutputBufferDeathTest, ConsumingMoreThanThereIsIsABug) {
  OutputBuffer buffer;
  buffer.target() += "abc";
  EXPECT_DEATH(buffer.consume(4), "count");
}

}  // namespace
}  // namespace payswitch::http
