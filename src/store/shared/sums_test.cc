#include "store/shared/sums.h"

#include <gtest/gtest.h>

#include <random>

#include "store/samples_fixture.h"
#include "store/shared/keys.h"
#include "store/shared/operation.h"
#include "testing/fixtures/redis_server.h"

namespace payswitch::store::shared {
namespace {

using payswitch::redis::Reply;
using payswitch::redis::TestServer;

Reply number(std::int64_t value) {
  return {.kind = Reply::Kind::integer, .integer = value, .text = {}, .elements = {}};
}
Reply array(std::vector<Reply> elements) {
  return {.kind = Reply::Kind::array, .integer = 0, .text = {}, .elements = std::move(elements)};
}

TEST(Sums, AShardIsAskedForFourHashesAProcessor) {
  EXPECT_EQ(sum_keys(9, 2),
            (std::vector<std::string>{"ps:{s09}:count:0", "ps:{s09}:cents:0", "ps:{s09}:count12d:0",
                                      "ps:{s09}:cents12d:0", "ps:{s09}:count:1", "ps:{s09}:cents:1",
                                      "ps:{s09}:count12d:1", "ps:{s09}:cents12d:1"}));
}

TEST(Sums, AWindowIsTheWidestBucketsAndTheNamesOfTheOthers) {
  EXPECT_EQ(sum_arguments({{0}, {(std::int64_t{1} << 30) - 1}}),
            (std::vector<std::string>{"0", "1", "0"}));
  EXPECT_EQ(sum_arguments({{63}, {126}}),
            (std::vector<std::string>{"0", "0", "2", "0:63", "1:1", "0:127"}));
}

TEST(Sums, ShardsAddUpBeyond64Bits) {
  Summary summary{.by_processor = {{}, {}}};
  const std::int64_t most = 999'999'999'999'999'999;  // div 10^9 of 10^27
  add_to(summary, array({array({number(3), number(most), number(999'999'999)}),
                         array({number(0), number(0), number(0)})}));
  add_to(summary, array({array({number(2), number(most), number(1)}),
                         array({number(1), number(0), number(7)})}));
  EXPECT_EQ(summary.by_processor[0].count, 5u);
  EXPECT_EQ(summary.by_processor[0].cents,
            2 * static_cast<__int128>(most) * 1'000'000'000 + 1'000'000'000);
  EXPECT_EQ(summary.by_processor[1], (payment::Total{.count = 1, .cents = 7}));
}

// The scripts `settle` and `sum` themselves, with the largest amounts there are.
TEST(Sums, TheScriptsAddExactly) {
  TestServer server({.appendonly = "no"});
  const Scripts scripts;
  const auto ask = [&](const wire::Script& script, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"EVAL", script.source(), std::to_string(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    Reply reply = server.ask(words);
    EXPECT_FALSE(reply.is_error()) << reply.text;
    return reply;
  };
  const auto sum = [&](const books::Window& window) {
    Summary summary{.by_processor = {{}, {}}};
    for (unsigned shard = 0; shard < shard_count; ++shard) {
      add_to(summary, ask(scripts.sum, sum_keys(shard, 2), sum_arguments(window)));
    }
    return summary.by_processor;
  };

  std::mt19937_64 random(11);
  constexpr std::int64_t largest = 999'999'999'999;
  struct Paid {
    std::int64_t time;
    std::int64_t amount;
    std::size_t processor;
  };
  std::vector<Paid> all;
  for (std::uint32_t each = 0; each < 600; ++each) {
    const Paid paid{.time = at(static_cast<std::int64_t>(random() % 40'000'000'000)).value,
                    .amount = each % 3 == 0 ? largest - each : 1 + each,
                    .processor = each % 5 == 0};
    all.push_back(paid);
    const Operation settling = settle_operation(
        test_id(each),
        settlement(intent(1, {paid.time}, static_cast<payment::ProcessorNumber>(paid.processor)),
                   paid.amount));
    const Call call = call_of(settling, scripts, {.instance = "a", .process = "b"}, "a");
    EXPECT_EQ(ask(*call.script, call.keys, call.arguments).elements[0].integer, 0);
  }
  const auto naive = [&](const books::Window& window) {
    std::vector<payment::Total> totals(2);
    for (const Paid& each : all) {
      if (each.time < window.from.value || each.time > window.to.value) continue;
      totals[each.processor].add(cents(each.amount));
    }
    return totals;
  };
  EXPECT_EQ(sum({}), naive({}));
  for (int i = 0; i < 40; ++i) {
    const books::Window window{{all[random() % all.size()].time},
                               {all[random() % all.size()].time + static_cast<int>(i % 3) - 1}};
    EXPECT_EQ(sum(window), naive(window));
  }
}

}  // namespace
}  // namespace payswitch::store::shared
