#include "platform/blocks.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace payswitch::platform {
namespace {

TEST(BlocksTest, WhatWasAddedStaysWhereItIsWhileItGrows) {
  Blocks<int> blocks;
  std::vector<int*> addresses;
  constexpr std::size_t count = 3 * Blocks<int>::in_a_block + 1;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(blocks.size(), i);
    int& added = blocks.add();
    EXPECT_EQ(added, 0);
    added = static_cast<int>(i);
    addresses.push_back(&added);
  }
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(&blocks[i], addresses[i]);
    EXPECT_EQ(std::as_const(blocks)[i], static_cast<int>(i));
  }
}

}  // namespace
}  // namespace payswitch::platform
