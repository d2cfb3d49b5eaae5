#include "net/acceptor.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <functional>
#include <vector>

#include "net/poller.h"
#include "testing/fixtures/http_world.h"

namespace payswitch::net {
namespace {

using http::FewDescriptors;
using http::Wire;
using http::WireListener;

class AcceptorTest : public testing::Test, protected AcceptorOwner {
 protected:
  AcceptorTest() { EXPECT_EQ(acceptor.open(poller, listener.release(), *this), 0); }

  void on_accepted(int descriptor) override {
    accepted.emplace_back(descriptor);
    if (then) then();
  }
  void on_accept_failed(int error) override { failures.push_back(error); }

  Wire connect() { return Wire::connect(listener.port()); }
  bool has_accepted(std::size_t count) {
    return loop.until([&] { return accepted.size() >= count; });
  }

  http::TestLoop loop;
  Poller& poller = Poller::of(loop.context());
  WireListener listener{1024};
  Acceptor acceptor;
  std::vector<Wire> accepted;
  std::vector<int> failures;
  std::function<void()> then;
};

TEST_F(AcceptorTest, AConnectionIsHandedToTheOwner) {
  Wire client = connect();
  ASSERT_TRUE(has_accepted(1));
  client.send("abc");
  EXPECT_TRUE(loop.until([&] { return accepted[0].received() == "abc"; })) << "it does not block";
}

TEST_F(AcceptorTest, AfterSixtyFourOthersHaveTheirTurn) {
  std::vector<Wire> clients;
  for (int i = 0; i < 65; ++i) clients.push_back(connect());
  std::size_t at_the_end_of_the_turn = 0;
  then = [&] {
    if (accepted.size() > 1) return;
    boost::asio::post(loop.context(), [&] { at_the_end_of_the_turn = accepted.size(); });
  };
  ASSERT_TRUE(has_accepted(65));
  EXPECT_EQ(at_the_end_of_the_turn, 64u);
}

TEST_F(AcceptorTest, AfterAFailureItWaitsUntilItIsResumed) {
  if (http::sanitizer_needs_descriptors) GTEST_SKIP();
  Wire client;
  {
    const FewDescriptors one_for_the_client{1};
    client = connect();
    ASSERT_TRUE(loop.until([&] { return !failures.empty(); }));
  }
  EXPECT_EQ(failures, (std::vector{EMFILE}));
  loop.settle();
  EXPECT_TRUE(accepted.empty());
  acceptor.resume();
  EXPECT_TRUE(has_accepted(1));
}

TEST_F(AcceptorTest, TheOwnerMayCloseItWhileItAccepts) {
  const Wire first = connect();
  const Wire second = connect();
  then = [&] { acceptor.close(); };
  ASSERT_TRUE(has_accepted(1));
  loop.settle();
  EXPECT_EQ(accepted.size(), 1u);
  EXPECT_FALSE(acceptor.is_open());
  acceptor.resume();
  loop.settle();
  EXPECT_EQ(accepted.size(), 1u);
}

}  // namespace
}  // namespace payswitch::net
