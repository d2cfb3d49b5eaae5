#include "redis/script.h"

#include <gtest/gtest.h>

namespace payswitch::redis {
namespace {

TEST(RedisScript, ItsHashIsTheOneThatRedisGivesIt) {
  // SCRIPT LOAD 'return 1'
  EXPECT_EQ(Script("return 1").hash(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_EQ(Script("").hash(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(Script("return 1").source(), "return 1");
}

}  // namespace
}  // namespace payswitch::redis
