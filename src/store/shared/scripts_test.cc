#include "store/shared/scripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "store/samples_fixture.h"
#include "store/shared/keys.h"
#include "store/shared/operation.h"
#include "testing/fixtures/redis_server.h"

// Each script alone, on a real Redis: what it says, and that saying it again changes nothing
// (PROTOCOL 7.1, 7.3).
namespace payswitch::store::shared {
namespace {

using testing::Contains;
using testing::Each;
using testing::MatchesRegex;
using wire::Reply;

const Speaker we{.instance = "we", .process = "our process"};
const Speaker others{.instance = "others", .process = "their process"};

class ScriptsOnRedis : public testing::Test {
 protected:
  ScriptsOnRedis() {
    for (unsigned shard = 0; shard < shard_count; ++shard) {
      ask(scripts.join, {shard_key(shard, owners)}, {we.instance});
      ask(scripts.join, {shard_key(shard, owners)}, {others.instance});
    }
  }

  Reply ask(const wire::Script& script, const std::vector<std::string>& keys,
            const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"EVAL", script.source(), std::to_string(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    const Reply reply = server.ask(words);
    EXPECT_FALSE(reply.is_error()) << reply.text;
    return reply;
  }
  Reply ask(const Operation& operation, const Speaker& speaker = we, std::string owner = {}) {
    const Call call =
        call_of(operation, scripts, speaker, owner.empty() ? speaker.instance : owner);
    return ask(*call.script, call.keys, call.arguments);
  }
  // Of everything that Redis holds.
  std::string digest() { return server.ask({"DEBUG", "DIGEST"}).text; }

  // Runs it twice; gives the first answer, and the second one in `again`.
  template <class... Said>
  Reply twice(const Said&... said) {
    Reply first = ask(said...);
    const std::string before = digest();
    again = ask(said...);
    EXPECT_EQ(digest(), before) << "the repetition changed something";
    return first;
  }
  Reply again;

  std::string field(std::uint32_t number, const std::string& name) {
    return server.ask({"HGET", payment_key(test_id(number)), name}).text;
  }
  static Operation accepting(std::uint32_t number, std::optional<Intent> first = std::nullopt,
                             std::uint64_t token = 7) {
    return accept_operation(acceptance(number, 1990, first), token);
  }
  static std::vector<std::int64_t> integers(const Reply& reply) {
    std::vector<std::int64_t> all;
    for (const Reply& each : reply.elements) all.push_back(each.integer);
    return all;
  }

  wire::TestServer server{{.appendonly = "no"}};
  Scripts scripts;
};

TEST_F(ScriptsOnRedis, Accept) {
  const Reply first = twice(accepting(1, intent(1, at(1))));
  EXPECT_EQ(first.elements[0].integer, 0);
  EXPECT_EQ(first.elements[1].text, we.instance);
  EXPECT_EQ(again, first) << "it is ours: accepted, and not replayed";
  EXPECT_EQ(ask(accepting(1, {}, 8)).elements[0].integer, 1) << "by another request of ours";
  EXPECT_EQ(ask(accepting(1), others).elements[0].integer, 1);
  EXPECT_EQ(ask(accepting(1), others).elements[1].text, we.instance);
  EXPECT_EQ(ask(accept_operation(acceptance(1, 5), 9)).elements[0].integer, 2);

  Operation closed = accepting(2);
  closed.admit_new = false;
  EXPECT_EQ(twice(closed).elements[0].integer, 3);
  EXPECT_EQ(field(2, "a"), "");
  ask(scripts.evict, {shard_key(shard_of(test_id(3)), owners)}, {we.instance});
  EXPECT_EQ(twice(accepting(3)).elements[0].integer, 4);
  EXPECT_EQ(field(3, "a"), "");
}

TEST_F(ScriptsOnRedis, AcceptAgainAfterItIsOver) {
  const Intent first = intent(1, at(1));
  ask(accepting(1, first));
  ask(settle_operation(test_id(1), settlement(first)));
  EXPECT_EQ(twice(accepting(1, first)).elements[0].integer, 1);
  EXPECT_EQ(again.elements[1].text, "") << "no instance has it";
  EXPECT_EQ(field(1, "s"), "3");
}

TEST_F(ScriptsOnRedis, Intend) {
  ask(accepting(1));
  EXPECT_EQ(twice(intend_operation(test_id(1), intent(1, at(1)))).integer, 1);
  EXPECT_EQ(again.integer, 1) << "granted is granted";
  EXPECT_EQ(ask(intend_operation(test_id(1), intent(1, at(2)))).integer, 0) << "another time";
  EXPECT_EQ(ask(intend_operation(test_id(1), intent(1, at(1), dear))).integer, 0);
  EXPECT_EQ(ask(intend_operation(test_id(1), intent(2, at(1)))).integer, 0)
      << "the first has no answer yet";
  EXPECT_EQ(ask(intend_operation(test_id(1), intent(1, at(1))), others).integer, 0);
  EXPECT_EQ(ask(intend_operation(test_id(2), intent(1, at(1)))).integer, 0) << "not there";
  EXPECT_EQ(field(2, "s"), "");
}

TEST_F(ScriptsOnRedis, RefuseAndMarkUnknown) {
  ask(accepting(1, intent(1, at(1))));
  EXPECT_EQ(ask(mark_unknown_operation(test_id(1), 1), others).integer, 0);
  EXPECT_EQ(ask(mark_unknown_operation(test_id(1), 2)).integer, 0);
  EXPECT_EQ(twice(mark_unknown_operation(test_id(1), 1)).integer, 1);
  EXPECT_EQ(field(1, "s"), "2");
  const Operation refusal = refuse_operation(
      test_id(1), {.processor = cheap, .number = 1, .reason = payment::Outcome::our_fault});
  EXPECT_EQ(ask(refusal, others).integer, 0);
  EXPECT_EQ(twice(refusal).integer, 1);
  EXPECT_EQ(field(1, "s"), "0");
  EXPECT_EQ(field(1, "m"), "1");
  EXPECT_THAT(field(1, "h"), MatchesRegex("1:0:[0-9]+:[0-9]+;"));
  EXPECT_EQ(twice(mark_unknown_operation(test_id(1), 1)).integer, 0) << "too late";
  // And again, later in the payment's life.
  EXPECT_EQ(ask(intend_operation(test_id(1), intent(2, at(2)))).integer, 1);
  EXPECT_EQ(twice(refusal).integer, 0);
  EXPECT_EQ(field(1, "s"), "1");
}

TEST_F(ScriptsOnRedis, Settle) {
  const Intent first = intent(1, at(1));
  ask(accepting(1, first));
  const Operation settling = settle_operation(test_id(1), settlement(first));
  EXPECT_EQ(twice(settling).elements[0].integer, 0);
  EXPECT_EQ(again.elements[0].integer, 1) << "it was, and likewise";
  EXPECT_EQ(twice(settling, others).elements[0].integer, 1);
  EXPECT_EQ(field(1, "f"), "");
  EXPECT_EQ(twice(settle_operation(test_id(1), settlement(intent(1, at(1), dear))), others)
                .elements[0]
                .integer,
            2);
  EXPECT_EQ(field(1, "f"), "1");
  EXPECT_EQ(field(1, "x"), "0") << "the first stands";
}

TEST_F(ScriptsOnRedis, SettleOfAnotherOwnersNamesTheOwner) {
  const Intent first = intent(1, at(1));
  ask(accepting(1, first));
  const Operation settling = settle_operation(test_id(1), settlement(first));
  const Reply sent_on = twice(settling, others);
  EXPECT_EQ(sent_on.elements[0].integer, 3);
  EXPECT_EQ(sent_on.elements[1].text, we.instance);
  EXPECT_EQ(field(1, "s"), "1");
  EXPECT_EQ(twice(settling, others, we.instance).elements[0].integer, 0);
  EXPECT_EQ(server.ask({"SCARD", shard_key(shard_of(test_id(1)), own, we.instance)}).integer, 0);
}

TEST_F(ScriptsOnRedis, Park) {
  ask(accepting(1));
  EXPECT_EQ(ask(park_operation(test_id(1), at(9)), others).integer, 0);
  EXPECT_EQ(twice(park_operation(test_id(1), at(9))).integer, 1);
  EXPECT_EQ(field(1, "s"), "4");
  EXPECT_EQ(ask(intend_operation(test_id(1), intent(1, at(1)))).integer, 0);
  EXPECT_EQ(twice(accepting(1)).elements[0].integer, 1);
}

TEST_F(ScriptsOnRedis, JoinEvictAndForget) {
  const std::string key = shard_key(5, owners);
  const std::string theirs = shard_key(5, own, "third");
  EXPECT_EQ(twice(scripts.join, std::vector{key}, std::vector<std::string>{"third"}).integer, 1);
  EXPECT_EQ(ask(scripts.forget, {key, theirs}, {"third"}).integer, 0) << "it may still accept";
  server.ask({"SADD", theirs, "a payment"});
  EXPECT_EQ(twice(scripts.evict, std::vector{key}, std::vector<std::string>{"third"}).integer, 1);
  EXPECT_EQ(ask(scripts.join, {key}, {"third"}).integer, 0);
  EXPECT_EQ(server.ask({"HGET", key, "third"}).text, "0") << "once gone, for good";
  EXPECT_EQ(ask(scripts.forget, {key, theirs}, {"third"}).integer, 0) << "it owns something";
  server.ask({"DEL", theirs});
  EXPECT_EQ(
      twice(scripts.forget, std::vector{key, theirs}, std::vector<std::string>{"third"}).integer,
      1);
  EXPECT_EQ(twice(scripts.evict, std::vector{key}, std::vector<std::string>{"third"}).integer, 0);
}

TEST_F(ScriptsOnRedis, Take) {
  ask(accepting(1, intent(1, at(1), dear)));
  const unsigned shard = shard_of(test_id(1));
  const std::string id = test_id(1).to_string();
  const auto take = [&](const std::string& giver, const std::string& taker) {
    return twice(scripts.take,
                 std::vector{shard_key(shard, own, giver), shard_key(shard, own, taker),
                             shard_key(shard, owners), payment_key(test_id(1))},
                 std::vector{giver, taker, id});
  };
  const Reply taken = take("we", "others");
  ASSERT_EQ(taken.elements.size(), 1u);
  EXPECT_EQ(again, taken);
  std::vector<std::string> row;
  for (const Reply& each : taken.elements[0].elements) row.push_back(each.text);
  EXPECT_THAT(row, testing::ElementsAre("", "1990", std::to_string(at(1).value), "our process-7",
                                        "1", "1", "1", std::to_string(at(1).value), "0"));
  EXPECT_EQ(field(1, "o"), "others");
  EXPECT_EQ(server.ask({"SISMEMBER", shard_key(shard, own, "we"), id}).integer, 0);
  EXPECT_EQ(server.ask({"SISMEMBER", shard_key(shard, own, "others"), id}).integer, 1);
  EXPECT_TRUE(take("we", "we").elements.empty()) << "not ours any more";
  EXPECT_EQ(take("others", "others").elements.size(), 1u) << "as it was";
  EXPECT_EQ(take("others", "nobody").kind, Reply::Kind::integer) << "who never joined";
  EXPECT_EQ(field(1, "o"), "others");
}

TEST_F(ScriptsOnRedis, Enroll) {
  const std::vector<std::string> keys{meta_key("settings"), meta_key("names")};
  const Reply first = twice(scripts.enroll, keys, std::vector<std::string>{"64", "3", "a", "b"});
  EXPECT_EQ(again, first);
  EXPECT_EQ(first.elements[0].text, "64");
  EXPECT_EQ(first.elements[1].integer, 2);
  EXPECT_EQ(first.elements[2].elements.size(), 4u);
  EXPECT_EQ(twice(scripts.enroll, keys, std::vector<std::string>{"64", "3", "c", "a"})
                .elements[1]
                .integer,
            3);
  EXPECT_EQ(server.ask({"HGET", keys[1], "c"}).text, "2");
  const std::string before = digest();
  EXPECT_EQ(
      twice(scripts.enroll, keys, std::vector<std::string>{"64", "3", "d"}).elements[1].integer, 4);
  EXPECT_EQ(twice(scripts.enroll, keys, std::vector<std::string>{"32", "3", "a"}).elements[0].text,
            "64");
  EXPECT_EQ(digest(), before) << "neither is entered";
}

TEST_F(ScriptsOnRedis, Beat) {
  const std::vector<std::string> keys{meta_key("leases"),   meta_key("settings"),
                                      meta_key("names"),    meta_key("health"),
                                      meta_key("breakers"), meta_key("origins")};
  const auto beat = [&](const std::string& name, const std::string& is_new,
                        const std::string& issued, const std::string& lease = "100000") {
    return ask(scripts.beat, keys, {name, lease, is_new, issued, "3 4"});
  };
  EXPECT_EQ(beat("one", "0", "5").elements[0].integer, 0) << "it is not known";
  for (int i = 0; i < 2; ++i) {
    const Reply alive = beat("one", "1", "5");
    EXPECT_EQ(alive.elements[0].integer, 1);
    EXPECT_EQ(alive.elements[1].integer, 5);
    ASSERT_EQ(alive.elements[2].elements.size(), 1u);
  }
  EXPECT_EQ(beat("one", "0", "4").elements[1].integer, 5) << "it never falls";
  EXPECT_EQ(beat("two", "1", "9").elements[2].elements.size(), 2u);
  EXPECT_EQ(beat("one", "0", "4").elements[1].integer, 9);
  // Its lease has run out, whatever the clock says later.
  server.ask({"ZADD", keys[0], "1000", "two"});
  EXPECT_EQ(beat("one", "0", "4").elements[2].elements.size(), 1u);
  EXPECT_EQ(beat("two", "0", "99").elements[0].integer, 0);
  EXPECT_EQ(beat("one", "0", "4").elements[1].integer, 9) << "the dead issue nothing";
  EXPECT_EQ(server.ask({"HEXISTS", keys[4], "two"}).integer, 0);
}

TEST_F(ScriptsOnRedis, PlaceChangesWhatNobodyElseUses) {
  const std::vector<std::string> keys{meta_key("leases"), meta_key("origins")};
  const auto place = [&](const std::string& kept, const std::string& wanted,
                         const std::string& moved = "0") {
    return ask(scripts.place, keys, {"we", "default", kept, wanted, moved}).elements[0].integer;
  };
  const auto kept = [&] { return server.ask({"HGET", keys[1], "default"}).text; };
  EXPECT_EQ(place("", "http://a:1"), 0);
  EXPECT_EQ(place("", "http://b:1"), 2) << "another one is kept";
  server.ask({"ZADD", keys[0], "9999999999999", "we"});
  EXPECT_EQ(place("http://a:1", "http://b:1"), 0);
  server.ask({"ZADD", keys[0], "9999999999999", "others"});
  EXPECT_EQ(place("http://b:1", "http://a:1"), 1);
  EXPECT_EQ(kept(), "http://b:1");
  EXPECT_EQ(place("http://b:1", "http://a:1", "1"), 0) << "its books are the same";
  EXPECT_EQ(kept(), "http://a:1 http://b:1");
  server.ask({"ZADD", keys[0], "1000", "others"});
  EXPECT_EQ(place("http://a:1", "http://c:1"), 0) << "the lease of the others has run out";
  EXPECT_EQ(kept(), "http://c:1");
}

TEST_F(ScriptsOnRedis, UnansweredIsWhatWasSentAndHasNoAnswer) {
  ask(accept_operation(acceptance(1, 100, intent(1, at(1), dear)), 1));
  ask(accept_operation(acceptance(1 + 64, 200), 2));
  const std::vector<std::string> keys{payment_key(test_id(1))};
  const Reply rows = ask(scripts.unanswered, keys, {});
  ASSERT_EQ(rows.elements.size(), 2u);
  EXPECT_EQ(rows.elements[0].text, "1");
  EXPECT_EQ(rows.elements[1].text, "100");
  ask(refuse_operation(test_id(1), {.processor = dear, .number = 1}));
  EXPECT_TRUE(ask(scripts.unanswered, keys, {}).elements.empty());
}

TEST_F(ScriptsOnRedis, KeepFacts) {
  const std::vector<std::string> keys{meta_key("settings")};
  const auto keep = [&](const std::string& restored, const std::string& told) {
    const Reply reply = twice(scripts.keep_facts, keys, std::vector<std::string>{restored, told});
    return reply.elements[0].text + "/" + reply.elements[1].text;
  };
  EXPECT_EQ(keep("", "0"), "/");
  EXPECT_EQ(keep("1", "7"), "1/7");
  EXPECT_EQ(keep("", "5"), "1/7") << "what was told is never later than what is kept";
  EXPECT_EQ(keep("0", "1750000000001"), "0/1750000000001");
}

TEST_F(ScriptsOnRedis, ClaimPollAndTellHealth) {
  const std::vector<std::string> keys{meta_key("health")};
  EXPECT_EQ(ask(scripts.claim_poll, keys, {"1", "60000"}).integer, 0);
  // One whose reply was lost costs a poll, and never makes two.
  const Reply later = ask(scripts.claim_poll, keys, {"1", "60000"});
  EXPECT_GT(later.integer, 0);
  EXPECT_LE(later.integer, 60000);
  EXPECT_EQ(ask(scripts.claim_poll, keys, {"2", "60000"}).integer, 0);
  twice(scripts.tell_health, keys, std::vector<std::string>{"1", "1:20:30"});
  EXPECT_EQ(server.ask({"HGET", keys[0], "said:1"}).text, "1:20:30");
}

// -- every script, whatever it does ---------------------------------------------------------------

// All keys of one call lie in one slot, and begin alike.
TEST(ScriptCalls, TouchOneShardEach) {
  const Scripts scripts;
  for (std::uint32_t number = 0; number < 500; ++number) {
    const Intent first = intent(1, at(number));
    for (const Operation& operation :
         {accept_operation(acceptance(number, 5, first), 1),
          intend_operation(test_id(number), first),
          refuse_operation(test_id(number), {.processor = cheap, .number = 1}),
          mark_unknown_operation(test_id(number), 1),
          settle_operation(test_id(number), settlement(first)),
          park_operation(test_id(number), at(1))}) {
      const Call call = call_of(operation, scripts, we, "owner");
      for (const std::string& key : call.keys) {
        EXPECT_EQ(key.substr(0, 9), shard_key(shard_of(test_id(number)), ""));
      }
    }
  }
}

TEST(ScriptSources, NameEveryKeyInKeysAndReadNoClockButRedis) {
  for (const wire::Script* script : Scripts().all()) {
    EXPECT_EQ(script->source().find("'ps:"), std::string::npos) << script->source();
    EXPECT_EQ(script->source().find("os."), std::string::npos) << script->source();
  }
}

TEST(ScriptSources, EveryCommandIsAmongTheRightsThatAStartChecks) {
  const Scripts scripts;
  std::size_t calls = 0;
  for (const wire::Script* script : scripts.all()) {
    const std::regex call("redis\\.call\\('([A-Z]+)'");
    const std::string source(script->source());
    for (std::sregex_iterator each(source.begin(), source.end(), call), end; each != end; ++each) {
      ++calls;
      EXPECT_NE(scripts.rights.source().find("'" + (*each)[1].str() + "'"), std::string::npos)
          << (*each)[1];
    }
  }
  EXPECT_GT(calls, 50u);
}

// A step that ends something needs no memory to speak of, and must run when there is none.
TEST(ScriptSources, AllButThoseThatAdmitOrOnlyReadAreAllowedOutOfMemory) {
  const Scripts scripts;
  for (const wire::Script* script : scripts.all()) {
    const bool needs_room = script == &scripts.accept || script == &scripts.forget ||
                            script == &scripts.sum || script == &scripts.unanswered;
    EXPECT_EQ(script->source().starts_with("#!lua flags=allow-oom\n"), !needs_room)
        << script->source();
  }
}

}  // namespace
}  // namespace payswitch::store::shared
