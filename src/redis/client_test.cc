#include "redis/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fixtures/client_fixture.h"

namespace payswitch::redis {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// -- commands -------------------------------------------------------------------------------------

TEST_F(RedisClient, CommandsOfOneTurnLeaveInOneWriteAndAreAnsweredInOrder) {
  serve();
  connect();
  const Counters before = client->counters();
  for (int i = 0; i < 1000; ++i) say({"INCR", "n"});
  EXPECT_EQ(calls, 0u);
  ASSERT_TRUE(all_are_done());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i]->reply.integer, static_cast<std::int64_t>(i + 1));
    EXPECT_EQ(outcomes[i]->place, i + 1);
  }
  EXPECT_EQ(client->counters().writes, before.writes + 1);
  EXPECT_EQ(client->counters().commands, before.commands + 1000);
  EXPECT_EQ(client->counters().replies, before.replies + 1000);
}

TEST_F(RedisClient, WhatIsSaidDuringAWriteLeavesInTheNextOne) {
  serve();
  connect();
  const auto writes = client->counters().writes;
  for (int turn = 0; turn < 3; ++turn) {
    say({"PING"});
    say({"PING"});
    ASSERT_TRUE(all_are_done());
  }
  EXPECT_EQ(client->counters().writes, writes + 3);
}

TEST_F(RedisClient, AnErrorIsAReply) {
  serve();
  connect();
  EXPECT_THAT(answer(say({"NO-SUCH-COMMAND"})), HasSubstr("ERR unknown command"));
  EXPECT_TRUE(outcomes.back()->reply.is_error());
  EXPECT_TRUE(client->connected());
}

TEST_F(RedisClient, WordsMayHoldAnyByte) {
  serve();
  connect();
  const std::string any("a\0\r\n$5\r\n\xff", 9);
  say({"SET", any, any});
  EXPECT_EQ(answer(say({"GET", any})), any);
  say({"SET", "", ""});
  EXPECT_EQ(answer(say({"STRLEN", ""})), "0");
}

TEST_F(RedisClient, MegabytesPassBothWays) {
  serve();
  connect();
  const std::string large(20 << 20, 'x');
  EXPECT_EQ(answer(say({"SET", "large", large})), "OK");
  EXPECT_EQ(answer(say({"GET", "large"})), large);
}

TEST_F(RedisClient, BeforeThereIsAConnectionNothingIsSent) {
  serve();
  start();
  const auto outcome = say({"PING"});
  EXPECT_EQ(outcome->calls, 0) << "later, not from the call";
  EXPECT_EQ(answer(outcome), "(not sent)");
  EXPECT_EQ(client->counters().not_sent, 1u);
}

TEST_F(RedisClient, WhoeverIsToldOfTheConnectionMaySpeakAtOnce) {
  serve();
  std::shared_ptr<Outcome> outcome;
  client = make_client({loop.context(), *real_loop, time, time, random, *resolver}, options, {});
  client->start({.connected = [&](const Server&) { outcome = say({"PING"}); },
                 .disconnected = [](const std::string&) {}});
  ASSERT_TRUE(loop.until([&] { return outcome != nullptr; }));
  EXPECT_EQ(answer(outcome), "PONG");
}

TEST_F(RedisClient, AnIdleConnectionSendsNothingAndSetsNoTimer) {
  serve();
  interpose();
  connect();
  answer(say({"PING"}));
  time.advance(options.command_timeout);
  EXPECT_EQ(time.timers(), 0u);
  const auto sent = proxy->bytes_to_server;
  time.advance(24h);
  loop.settle();
  EXPECT_EQ(proxy->bytes_to_server, sent);
  EXPECT_EQ(answer(say({"PING"})), "PONG");
}

TEST_F(RedisClient, OnceDestroyedItCallsNobody) {
  serve();
  connect();
  say({"PING"});
  loop.settle();
  say({"PING"});
  client.reset();
  loop.settle();
  start();
  say({"PING"});
  client.reset();
  loop.settle();
  EXPECT_EQ(outcomes[2]->calls, 0);
  EXPECT_EQ(time.timers(), 0u);
}

// -- scripts --------------------------------------------------------------------------------------

class RedisClientScripts : public RedisClient {
 protected:
  const Script add{"return redis.call('INCRBY', KEYS[1], ARGV[1])"};
  const Script join{"return KEYS[1] .. KEYS[2] .. ARGV[1]"};
};

TEST_F(RedisClientScripts, TheyRunWithTheirKeysAndArguments) {
  serve();
  scripts = {&add, &join};
  connect();
  EXPECT_EQ(answer(run(add, {"n"}, {"40"})), "40");
  EXPECT_EQ(answer(run(add, {"n"}, {"2"})), "42");
  EXPECT_EQ(answer(run(join, {"a", "b"}, {"c"})), "abc");
  EXPECT_THAT(answer(run(add, {"n"}, {"x"})), HasSubstr("ERR"));
}

TEST_F(RedisClientScripts, WhatIsNotInHasteLeavesWithTheNextThatIsAndBeforeIt) {
  serve();
  scripts = {&add};
  connect();
  const auto writes = client->counters().writes;
  const auto waiting = run(add, {"n"}, {"40"}, Flush::lazy);
  run(add, {"n"}, {"1"}, Flush::lazy);
  loop.settle();
  time.advance(options.linger - 1ns);
  loop.settle();
  EXPECT_EQ(waiting->calls, 0);
  EXPECT_EQ(answer(run(add, {"n"}, {"1"})), "42");
  EXPECT_EQ(answer(waiting), "40");
  EXPECT_EQ(client->counters().writes, writes + 1);
}

TEST_F(RedisClientScripts, WhatIsNotInHasteAndAloneLeavesAfterAWhile) {
  serve();
  scripts = {&add};
  connect();
  for (const auto* sum : {"1", "2"}) {
    const auto waiting = run(add, {"n"}, {"1"}, Flush::lazy);
    loop.settle();
    time.advance(options.linger - 1ns);
    loop.settle();
    EXPECT_EQ(waiting->calls, 0);
    time.advance(1ns);
    EXPECT_EQ(answer(waiting), sum);
  }
}

TEST_F(RedisClientScripts, WhatLingersWhenTheConnectionIsLostHasNotRun) {
  serve();
  interpose();
  scripts = {&add};
  connect();
  const auto waiting = run(add, {"n"}, {"1"}, Flush::lazy);
  proxy->cut();
  EXPECT_EQ(answer(waiting), "(not sent)");
  ASSERT_TRUE(comes_back());
  const auto again = run(add, {"n"}, {"1"}, Flush::lazy);
  time.advance(options.linger);
  EXPECT_EQ(answer(again), "1");
}

TEST_F(RedisClientScripts, AFlushedOneHasNotRunAndTheConnectionIsMadeAgain) {
  serve();
  scripts = {&add};
  connect();
  server->ask({"SCRIPT", "FLUSH"});
  run(add, {"n"}, {"1"});
  run(add, {"n"}, {"1"});
  ASSERT_TRUE(all_are_done());
  EXPECT_EQ(answer(outcomes[0]), "(not sent)");
  EXPECT_LT(outcomes[0]->place, outcomes[1]->place);
  EXPECT_FALSE(client->connected());
  EXPECT_EQ(answer(run(add, {"n"}, {"1"})), "(not sent)") << "until it is back";
  ASSERT_TRUE(comes_back());
  EXPECT_THAT(troubles, testing::ElementsAre("the scripts were flushed"));
  EXPECT_EQ(server->ask({"EXISTS", "n"}).integer, 0);
  EXPECT_EQ(answer(run(add, {"n"}, {"1"})), "1");
}

TEST_F(RedisClientScripts, WhatWasSentBehindAFlushedOneMayHaveRun) {
  serve();
  scripts = {&add};
  connect();
  server->ask({"SCRIPT", "FLUSH"});
  run(add, {"n"}, {"1"});
  const auto behind = say({"INCR", "m"});
  ASSERT_TRUE(all_are_done());
  EXPECT_THAT(answer(behind), testing::AnyOf("1", "(maybe ran)"));
  EXPECT_EQ(server->ask({"GET", "m"}).text, "1");
}

// -- who is there ---------------------------------------------------------------------------------

TEST_F(RedisClient, TheServerIsIntroduced) {
  serve({.appendonly = "yes",
         .appendfsync = "everysec",
         .settings = {"maxmemory 64mb", "maxmemory-policy allkeys-lru"}});
  connect();
  ASSERT_THAT(servers, SizeIs(1));
  EXPECT_THAT(servers[0].run_id, SizeIs(40));
  EXPECT_THAT(server->ask({"INFO", "server"}).text,
              HasSubstr("redis_version:" + servers[0].version));
  EXPECT_EQ(servers[0].role, "master");
  EXPECT_EQ(servers[0].appendonly, "yes");
  EXPECT_EQ(servers[0].appendfsync, "everysec");
  EXPECT_EQ(servers[0].maxmemory_policy, "allkeys-lru");
  EXPECT_EQ(servers[0].maxmemory, 64ull << 20);
  EXPECT_GT(servers[0].used_memory, 100'000u);
  EXPECT_LT(servers[0].uptime, 60s);
}

TEST_F(RedisClient, ThePasswordOpensTheDoor) {
  serve({.appendonly = "no", .password = "secret"});
  connect();
  EXPECT_EQ(answer(say({"PING"})), "PONG");
}

TEST_F(RedisClient, AWrongPasswordDoesNotAndIsSaidAtEachTry) {
  serve({.appendonly = "no", .password = "secret"});
  options.address.password = "guess";
  start();
  ASSERT_TRUE(loses());
  time.advance(options.backoff_cap);
  ASSERT_TRUE(loses());
  EXPECT_THAT(troubles, Each(HasSubstr("AUTH is refused: WRONGPASS")));
  EXPECT_THAT(servers, IsEmpty());
  EXPECT_EQ(client->counters().connect_failures, 2u);
}

TEST_F(RedisClient, NoPasswordDoesNotEither) {
  serve({.appendonly = "no", .password = "secret"});
  options.address.password = "";
  start();
  ASSERT_TRUE(loses());
  EXPECT_THAT(troubles[0], HasSubstr("INFO is refused: NOAUTH"));
}

TEST_F(RedisClient, AUserOfItsOwnNeedNotBeAllowedToReadSettings) {
  serve();
  server->ask({"ACL", "SETUSER", "ann", "on", ">hers", "~*", "+@all", "-config"});
  options.address.user = "ann";
  options.address.password = "hers";
  connect();
  EXPECT_EQ(answer(say({"ACL", "WHOAMI"})), "ann");
  EXPECT_EQ(servers[0].appendonly, "");
  EXPECT_EQ(servers[0].maxmemory_policy, "");
}

TEST_F(RedisClient, TheDatabaseIsTheOneThatWasNamed) {
  serve();
  options.address.database = 3;
  connect();
  answer(say({"SET", "here", "yes"}));
  EXPECT_EQ(server->ask({"EXISTS", "here"}).integer, 0);
  EXPECT_THAT(server->ask({"INFO", "keyspace"}).text, HasSubstr("db3:keys=1"));
}

TEST_F(RedisClient, ADatabaseThatIsNotThereIsSaid) {
  serve();
  options.address.database = 16;
  start();
  ASSERT_TRUE(loses());
  EXPECT_THAT(troubles[0], HasSubstr("SELECT is refused: ERR DB index"));
}

TEST_F(RedisClient, AFullServerIsSaid) {
  serve();
  server->ask({"CONFIG", "SET", "maxclients", "1"});
  TestConversation only(server->address().port);
  ASSERT_EQ(only.say({{"PING"}}).text, "PONG");
  start();
  ASSERT_TRUE(loses());
  EXPECT_THAT(troubles[0], HasSubstr("max number of clients"));
  only.say({{"CONFIG", "SET", "maxclients", "100"}});
  EXPECT_TRUE(comes_back());
}

// -- TLS ------------------------------------------------------------------------------------------

class RedisClientTls : public RedisClient {
 protected:
  void SetUp() override {
    serve({.appendonly = "no", .is_tls = true});
    options.ca_file = server->ca_file();
  }
  void expect_refusal(const std::string& why) {
    start();
    ASSERT_TRUE(loses());
    EXPECT_THAT(troubles[0], HasSubstr(why));
    EXPECT_THAT(servers, IsEmpty());
    time.advance(options.backoff_cap);
    EXPECT_TRUE(loses()) << "and tries again";
  }
};

TEST_F(RedisClientTls, AServerThatIsProvenIsSpokenTo) {
  connect();
  const std::string large(5 << 20, 'x');
  EXPECT_EQ(answer(say({"SET", "large", large})), "OK");
  EXPECT_EQ(answer(say({"GET", "large"})), large);
}

TEST_F(RedisClientTls, CommandsPassDropByDropToo) {
  interpose();
  proxy->to_server.piece = 7;
  proxy->to_client.piece = 7;
  connect();
  for (int i = 0; i < 20; ++i) say({"INCR", "n"});
  ASSERT_TRUE(all_are_done());
  EXPECT_EQ(outcomes.back()->reply.integer, 20);
}

TEST_F(RedisClientTls, AnotherAuthorityIsRefused) {
  options.ca_file = server->other_ca_file();
  expect_refusal("certificate verify failed");
}

TEST_F(RedisClientTls, TheSystemsAuthoritiesDoNotKnowIt) {
  options.ca_file = "";
  expect_refusal("certificate verify failed");
}

TEST_F(RedisClientTls, AnotherNameIsRefused) {
  options.address.host = "localhost";  // the certificate is for 127.0.0.1
  expect_refusal("certificate verify failed");
}

TEST_F(RedisClientTls, AMissingFileIsSaid) {
  options.ca_file = "/no/such/file";
  expect_refusal("certificates of /no/such/file: No such file");
  EXPECT_FALSE(check(options)) << "a start need not wait to know it";
}

TEST_F(RedisClientTls, CertificatesAreNothingToCheckWhereTheyAreNotUsed) {
  EXPECT_TRUE(check(options));
  options.address.is_tls = false;
  options.ca_file = "/no/such/file";
  EXPECT_TRUE(check(options));
}

TEST_F(RedisClientTls, WithoutTlsItIsNotUnderstood) {
  options.address.is_tls = false;
  start();
  EXPECT_TRUE(loses());
}

// -- connections that end -------------------------------------------------------------------------

TEST_F(RedisClient, AfterAKillItComesBackWithGrowingPauses) {
  serve();
  random.number = one_half;
  connect();
  server->kill();
  ASSERT_TRUE(loses());
  for (const auto pause : {25ms, 50ms, 100ms, 200ms, 250ms, 250ms}) {
    const auto failures = client->counters().connect_failures;
    time.advance(pause - 1ns);
    loop.settle();
    EXPECT_EQ(client->counters().connect_failures, failures) << "not before " << pause.count();
    time.advance(1ns);
    ASSERT_TRUE(loses());
    EXPECT_EQ(client->counters().connect_failures, failures + 1);
  }
  server->start();
  time.advance(250ms);
  ASSERT_TRUE(connects());
  EXPECT_NE(servers[0].run_id, servers[1].run_id);
  EXPECT_EQ(answer(say({"PING"})), "PONG");
  server->kill();
  ASSERT_TRUE(loses());
  time.advance(25ms);
  EXPECT_TRUE(loses()) << "a connection makes the pause short again";
}

TEST_F(RedisClient, NobodyHasToBeThereAtTheStart) {
  serve();
  server->kill();
  start();
  ASSERT_TRUE(loses());
  EXPECT_THAT(troubles[0], HasSubstr("refused"));
  server->start();
  EXPECT_TRUE(comes_back());
}

TEST_F(RedisClient, WhatWasWrittenSurvivesAKillWhenRedisSyncs) {
  serve({.appendonly = "yes", .appendfsync = "always"});
  connect();
  EXPECT_EQ(answer(say({"SET", "key", "kept"})), "OK");
  server->kill();
  server->start();
  ASSERT_TRUE(comes_back());
  EXPECT_EQ(answer(say({"GET", "key"})), "kept");
}

TEST_F(RedisClient, AnOrderlyEndIsALossToo) {
  serve();
  connect();
  server->ask({"CLIENT", "KILL", "TYPE", "normal"});
  ASSERT_TRUE(loses());
  EXPECT_THAT(troubles[0], HasSubstr("closed the connection"));
  EXPECT_TRUE(comes_back());
}

TEST_F(RedisClient, AFrozenServerMayHaveRunWhatItDoesNotAnswer) {
  serve();
  connect();
  server->freeze();
  say({"INCR", "n"});
  loop.settle();
  time.advance(1s);
  say({"INCR", "n"});
  loop.settle();
  time.advance(options.command_timeout - 1s - 1ns);
  loop.settle();
  EXPECT_EQ(calls, 0u);
  time.advance(1ns);
  ASSERT_TRUE(all_are_done());
  EXPECT_EQ(answer(outcomes[0]), "(maybe ran)");
  EXPECT_EQ(answer(outcomes[1]), "(maybe ran)");
  EXPECT_THAT(troubles, testing::ElementsAre("no reply in time"));
  server->thaw();
  ASSERT_TRUE(comes_back());
  EXPECT_EQ(answer(say({"ECHO", "mine"})), "mine") << "no reply of the old connection is taken";
}

TEST_F(RedisClient, AServerThatIsFrozenFromTheBeginIsNoConnection) {
  serve();
  server->freeze();
  start();
  loop.settle();
  time.advance(options.connect_timeout - 1ns);
  loop.settle();
  EXPECT_THAT(troubles, IsEmpty());
  time.advance(1ns);
  ASSERT_TRUE(loses());
  EXPECT_THAT(troubles, testing::ElementsAre("no connection in time"));
  server->thaw();
  EXPECT_TRUE(comes_back());
}

// -- limits ---------------------------------------------------------------------------------------

TEST_F(RedisClient, WhatIsBeyondTheOutstandingCommandsIsNotSent) {
  serve();
  options.max_outstanding = 3;
  connect();
  server->freeze();
  for (int i = 0; i < 3; ++i) say({"INCR", "n"});
  EXPECT_EQ(answer(say({"INCR", "n"})), "(not sent)");
  EXPECT_EQ(calls, 1u);
  server->thaw();
  ASSERT_TRUE(all_are_done());
  EXPECT_EQ(outcomes[2]->reply.integer, 3);
  EXPECT_EQ(answer(say({"INCR", "n"})), "4");
}

}  // namespace
}  // namespace payswitch::redis
