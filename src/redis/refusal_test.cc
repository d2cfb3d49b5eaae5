#include "redis/refusal.h"

#include <gtest/gtest.h>

namespace payswitch::redis {
namespace {

TEST(RedisRefusal, WhatSpeaksOfOurConfigurationIsFinal) {
  for (const auto* error : {
           "WRONGPASS invalid username-password pair or user is disabled.",
           "NOAUTH Authentication required.",
           "NOPERM this user has no permissions to run the 'info' command",
           "ERR AUTH <password> called without any password configured for the default user. Are "
           "you sure your configuration is correct?",
           "ERR DB index is out of range",
           "ERR The user executing the script can't run this command or subcommand script: 95, on "
           "@user_script:6.",
           "ERR unknown command 'SCRIPT', with args beginning with: 'LOAD'",
       }) {
    EXPECT_TRUE(is_final(error)) << error;
  }
}

TEST(RedisRefusal, WhatPassesIsWaitedFor) {
  for (const auto* error : {
           "LOADING Redis is loading the dataset in memory",
           "READONLY You can't write against a read only replica.",
           "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
           "OOM command not allowed when used memory > 'maxmemory'.",
           "BUSY Redis is busy running a script.",
           "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to",
           "ERR max number of clients reached",
           "CLUSTERDOWN The cluster is down",
           "ERR",
           "",
       }) {
    EXPECT_FALSE(is_final(error)) << error;
  }
}

}  // namespace
}  // namespace payswitch::redis
