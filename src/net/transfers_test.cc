#include "net/transfers.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "testing/fixtures/http_world.h"

namespace payswitch::net {
namespace {

using http::FewDescriptors;
using http::Wire;

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours = Wire{ends[0]};
    far = Wire{ends[1]};
  }

  Wire ours;
  Wire far;
};

// Together, and one by one.
struct TransfersBothWays : testing::TestWithParam<bool> {
  TransfersBothWays() {
    if (!GetParam()) transfers.give_up_io_uring();
  }

  std::vector<int> run() {
    const auto results = transfers.run();
    EXPECT_TRUE(transfers.empty());
    return {results.begin(), results.end()};
  }

  Transfers transfers;
};

INSTANTIATE_TEST_SUITE_P(, TransfersBothWays, testing::Bool(),
                         [](const auto& way) { return way.param ? "Together" : "OneByOne"; });

TEST_P(TransfersBothWays, NothingToDoIsDone) {
  EXPECT_TRUE(run().empty());
}

TEST_P(TransfersBothWays, EachGetsItsOwnResult) {
  Pair full;
  Pair empty;
  Pair ended;
  Pair gone;
  full.far.send("abc");
  ended.far.close();
  gone.far.close();
  std::string room(8, '.');
  std::string other(8, '.');
  transfers.add_read(full.ours.descriptor(), room);
  transfers.add_read(empty.ours.descriptor(), other);
  transfers.add_read(ended.ours.descriptor(), other);
  transfers.add_write(gone.ours.descriptor(), "xyz");
  transfers.add_write(full.ours.descriptor(), "wxyz");
  EXPECT_EQ(run(), (std::vector{3, -EAGAIN, 0, -EPIPE, 4}));
  EXPECT_EQ(room, "abc.....");
  EXPECT_EQ(full.far.take(), "wxyz");
}

TEST_P(TransfersBothWays, AWriteIsCutWhereTheKernelHasNoRoom) {
  Pair one;
  Pair other;
  const std::string much(8 << 20, 'x');
  transfers.add_write(one.ours.descriptor(), much);
  transfers.add_write(other.ours.descriptor(), much);
  for (const int result : run()) {
    EXPECT_GT(result, 0);
    EXPECT_LT(result, static_cast<int>(much.size()));
  }
  transfers.add_write(one.ours.descriptor(), much);
  transfers.add_write(other.ours.descriptor(), much);
  EXPECT_EQ(run(), (std::vector{-EAGAIN, -EAGAIN}));
}

TEST_P(TransfersBothWays, MoreThanGoTogetherAreAllDoneInTheirOrder) {
  std::array<Pair, 4> pairs;  // each takes some 270
  std::array<std::string, 4> expected;
  std::vector<std::string> pieces;
  for (unsigned i = 0; i < 2 * Transfers::max_together + 1; ++i) {
    pieces.push_back(std::to_string(i) + ' ');
    expected[i % 4] += pieces.back();
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    transfers.add_write(pairs[i % 4].ours.descriptor(), pieces[i]);
  }
  const auto results = run();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(results[i], static_cast<int>(pieces[i].size()));
  }
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(pairs[i].far.take(), expected[i]);
}

TEST_P(TransfersBothWays, ItIsUsedAgainAndAgain) {
  Pair pair;
  for (unsigned i = 0; i < 3 * Transfers::max_together; ++i) {
    transfers.add_write(pair.ours.descriptor(), "ab");
    transfers.add_write(pair.far.descriptor(), "cd");
    ASSERT_EQ(run(), (std::vector{2, 2}));
    ASSERT_EQ(pair.ours.take(), "cd");
    ASSERT_EQ(pair.far.take(), "ab");
  }
}

TEST(Transfers, OneAloneNeedsNoRing) {
  Transfers transfers;
  Pair pair;
  transfers.add_write(pair.ours.descriptor(), "ab");
  transfers.run();
  EXPECT_FALSE(transfers.uses_io_uring());
}

TEST(Transfers, WithoutADescriptorForTheRingEachIsDoneAlone) {
  Transfers transfers;
  Pair pair;
  transfers.add_write(pair.ours.descriptor(), "ab");
  transfers.add_write(pair.ours.descriptor(), "cd");
  {
    const FewDescriptors none(0);
    const auto results = transfers.run();
    EXPECT_EQ(results[0], 2);
    EXPECT_EQ(results[1], 2);
  }
  EXPECT_FALSE(transfers.uses_io_uring());
  EXPECT_EQ(pair.far.take(), "abcd");
}

}  // namespace
}  // namespace payswitch::net
