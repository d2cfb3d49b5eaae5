#include "reconcile/exit_code.h"

#include <gtest/gtest.h>

namespace payswitch::reconcile {
namespace {

const store::UnaskedAt old{
    .name = "old", .origin = "http://a:1", .open = {.count = 2, .cents = 3980}};

TEST(ExitCode, WhatNoRequestAsksForIsNotInOrderAndAFindingIsWorse) {
  EXPECT_EQ(exit_code(0, {}), 0);
  EXPECT_EQ(exit_code(0, {old}), 3);
  EXPECT_EQ(exit_code(1, {}), 1);
  EXPECT_EQ(exit_code(1, {old}), 1);
}

}  // namespace
}  // namespace payswitch::reconcile
