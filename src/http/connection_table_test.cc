#include "http/connection_table.h"

#include <gtest/gtest.h>

#include "http/client_connection.h"
#include "testing/fixtures/http_world.h"

namespace payswitch::http {
namespace {

struct NoOwner final : ClientConnectionOwner {
  void connected(ClientConnection&) override {}
  void not_connected(ClientConnection&, ConnectFailure) override {}
  void died(ClientConnection&) override {}
  void exchange_over(ClientConnection&) override {}
  void reusable(ClientConnection&) override {}
  void used_up(ClientConnection&) override {}
};

struct ConnectionTableTest : testing::Test {
  ClientConnection& add() {
    const auto slot = table.reserve();
    return table.put(slot, std::make_shared<ClientConnection>(
                               owner, loop.context(), net::Poller::of(loop.context()), time,
                               ClientOptions{.host = "127.0.0.1"}, slot));
  }

  TestLoop loop;
  ManualTime time;
  NoOwner owner;
  ConnectionTable table;
};

TEST_F(ConnectionTableTest, AnIdNamesItsConnection) {
  ClientConnection& one = add();
  ClientConnection& other = add();
  EXPECT_EQ(table.find(table.id_of(one.slot())), &one);
  EXPECT_EQ(table.find(table.id_of(other.slot())), &other);
  EXPECT_EQ(table.size(), 2u);
}

TEST_F(ConnectionTableTest, AnIdIsOldOnceTheHoldHasEnded) {
  const auto slot = add().slot();
  const auto old = table.id_of(slot);
  table.end_hold(slot);
  EXPECT_EQ(table.find(old), nullptr);
  EXPECT_NE(table.find(table.id_of(slot)), nullptr);
}

TEST_F(ConnectionTableTest, ASlotIsUsedAgainAndItsOldIdsDoNotNameTheNewConnection) {
  const auto slot = add().slot();
  const auto old = table.id_of(slot);
  table.remove(slot);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.find(old), nullptr);
  EXPECT_EQ(add().slot(), slot);
  EXPECT_EQ(table.find(old), nullptr);
}

TEST_F(ConnectionTableTest, AnIdOfASlotThatNeverWasNamesNothing) {
  add();
  EXPECT_EQ(table.find(ConnectionId{std::uint64_t{1} << 32 | 7}), nullptr);
}

TEST_F(ConnectionTableTest, AllLeavesOutWhatIsFree) {
  ClientConnection& one = add();
  const auto slot = add().slot();
  table.remove(slot);
  ASSERT_EQ(table.all().size(), 1u);
  EXPECT_EQ(table.all().front().get(), &one);
}

}  // namespace
}  // namespace payswitch::http
