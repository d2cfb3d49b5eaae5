#include "redis/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Reply::Kind;
using Words = std::vector<std::string>;

Reply worded(Kind kind, std::string text) {
  return {.kind = kind, .integer = 0, .text = std::move(text), .elements = {}};
}
Reply settings(const std::vector<std::string>& words) {
  Reply reply{.kind = Kind::array, .integer = 0, .text = {}, .elements = {}};
  for (const auto& word : words) reply.elements.push_back(worded(Kind::text, word));
  return reply;
}
const Reply ok = worded(Kind::status, "OK");
const std::string info =
    "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nuptime_in_seconds:86400\r\n\r\n# Memory\r\n"
    "used_memory_human:2.00G\r\nused_memory:2147483648\r\nmaxmemory:4294967296\r\n"
    "# Replication\r\nrole:master\r\n";

TEST(RedisHandshake, AsLittleAsPossibleIsSaid) {
  EXPECT_THAT(Handshake({}, {}).commands(),
              ElementsAre(Words{"INFO"}, Words{"CONFIG", "GET", "append*"},
                          Words{"CONFIG", "GET", "maxmemory-policy"}));
}

TEST(RedisHandshake, FirstComesWhoWeAreThenWhereThenTheScripts) {
  const Script script("return 1");
  const Address address{.host = "h", .user = "ann", .password = "secret", .database = 3};
  EXPECT_THAT(
      Handshake(address, {&script}).commands(),
      ElementsAre(Words{"AUTH", "ann", "secret"}, Words{"SELECT", "3"}, Words{"INFO"},
                  Words{"CONFIG", "GET", "append*"}, Words{"CONFIG", "GET", "maxmemory-policy"},
                  Words{"SCRIPT", "LOAD", "return 1"}));
  EXPECT_EQ(Handshake({.host = "h", .password = "secret"}, {}).commands()[0],
            (Words{"AUTH", "secret"}));
}

TEST(RedisHandshake, TheRepliesSayWhoIsThere) {
  Handshake handshake({}, {});
  ASSERT_TRUE(handshake.reply(0, worded(Kind::text, info)));
  ASSERT_TRUE(handshake.reply(1, settings({"appendfsync", "always", "appenddirname", "a",  //
                                           "appendonly", "yes"})));
  ASSERT_TRUE(handshake.reply(2, settings({"maxmemory-policy", "noeviction"})));
  const Server& server = handshake.server();
  EXPECT_EQ(server.run_id, "abc");
  EXPECT_EQ(server.version, "7.0.15");
  EXPECT_EQ(server.role, "master");
  EXPECT_EQ(server.appendonly, "yes");
  EXPECT_EQ(server.appendfsync, "always");
  EXPECT_EQ(server.maxmemory_policy, "noeviction");
  EXPECT_EQ(server.uptime, std::chrono::hours(24));
  EXPECT_EQ(server.maxmemory, 4ull << 30);
  EXPECT_EQ(server.used_memory, 2ull << 30);
}

TEST(RedisHandshake, AnOlderVersionIsToldAndNotRefused) {
  Handshake handshake({}, {});
  ASSERT_TRUE(handshake.reply(0, worded(Kind::text, "redis_version:6.0.16\r\nrun_id:abc\r\n")));
  EXPECT_EQ(handshake.server().version, "6.0.16");
  EXPECT_EQ(handshake.server().maxmemory, 0u);
}

TEST(RedisHandshake, SettingsThatWeMayNotReadStayEmpty) {
  Handshake handshake({}, {});
  ASSERT_TRUE(handshake.reply(0, worded(Kind::text, info)));
  EXPECT_TRUE(handshake.reply(1, worded(Kind::error, "NOPERM no CONFIG for you")));
  EXPECT_TRUE(handshake.reply(2, worded(Kind::error, "ERR unknown command")));
  EXPECT_EQ(handshake.server().appendonly, "");
  EXPECT_EQ(handshake.server().maxmemory_policy, "");
}

TEST(RedisHandshake, AnythingElseThatIsRefusedEndsIt) {
  const Script script("return 1");
  const Address address{.host = "h", .password = "secret", .database = 3};
  Handshake handshake(address, {&script});
  for (std::size_t index = 0; index < handshake.commands().size(); ++index) {
    const auto understood = handshake.reply(index, worded(Kind::error, "ERR so be it"));
    const std::string& command = handshake.commands()[index][0];
    EXPECT_EQ(understood.has_value(), command == "CONFIG") << command;
    if (!understood) {
      EXPECT_EQ(understood.error(), command + " is refused: ERR so be it");
    }
  }
}

TEST(RedisHandshake, WhoeverHasNoRunIdIsNoRedis) {
  const auto understood = Handshake({}, {}).reply(0, ok);
  ASSERT_FALSE(understood);
  EXPECT_THAT(understood.error(), HasSubstr("no run_id"));
}

TEST(RedisInfo, AFieldIsFoundByItsWholeName) {
  EXPECT_EQ(info_field(info, "used_memory"), "2147483648");
  EXPECT_EQ(info_field(info, "redis_version"), "7.0.15");
  EXPECT_EQ(info_field(info, "version"), "");
  EXPECT_EQ(info_field("", "role"), "");
  EXPECT_EQ(info_field("role:master", "role"), "master");
  EXPECT_EQ(info_field("role:\r\n", "role"), "");
}

}  // namespace
}  // namespace payswitch::redis
