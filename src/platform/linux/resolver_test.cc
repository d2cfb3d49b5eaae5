#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/linux/loop_fixture.h"
#include "platform/linux/real.h"

namespace payswitch::platform {
namespace {

using namespace std::chrono_literals;
using testing::Contains;

// A name server on 127.0.0.1 that answers when the test does.
class NameServer {
 public:
  NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~NameServer() { ::close(socket_); }

  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

  // The next question, if one has come; answers 10.0.0.1 to one for an A, and nothing to others.
  bool answer_one(bool has_address = true) {
    std::array<unsigned char, 512> message;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(socket_, message.data(), message.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 17) return false;
    // Header, one question: labels up to an empty one, type, class (RFC 1035 section 4).
    std::size_t end = 12;
    while (message[end] != 0) end += message[end] + 1u;
    const bool is_for_a = message[end + 1] == 0 && message[end + 2] == 1;
    end += 5;
    std::vector<unsigned char> answer(message.begin(), message.begin() + static_cast<long>(end));
    answer[2] = 0x81;
    answer[3] = has_address ? 0x80 : 0x83;
    const bool has_record = is_for_a && has_address;
    for (const std::size_t count : {7u, 9u, 11u}) answer[count] = 0;
    answer[7] = has_record;
    constexpr std::array<unsigned char, 16> record{0xc0, 12, 0, 1, 0,  1, 0, 0,
                                                   0,    60, 0, 4, 10, 0, 0, 1};
    if (has_record) answer.insert(answer.end(), record.begin(), record.end());
    ::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    return true;
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

class RealResolver : public testing::Test {
 protected:
  using Outcome = std::optional<std::expected<Addresses, NoAddress>>;

  std::shared_ptr<Outcome> ask(Resolver& resolver, const std::string& name) {
    auto outcome = std::make_shared<Outcome>();
    resolver.look_up(name, [outcome](auto found) { *outcome = std::move(found); });
    EXPECT_FALSE(*outcome) << "never from within the call";
    return outcome;
  }

  TestLoop loop;
};

TEST_F(RealResolver, LocalhostIsKnownWithoutANameServer) {
  NameServer silent;
  const auto resolver = make_real_resolver(loop.context(), {.servers = silent.address()});
  const auto outcome = ask(*resolver, "localhost");
  ASSERT_TRUE(loop.until([&] { return outcome->has_value(); }));
  ASSERT_TRUE(outcome->value());
  EXPECT_THAT(***outcome, Contains("127.0.0.1"));
}

TEST_F(RealResolver, ANameServerIsAsked) {
  NameServer server;
  const auto resolver = make_real_resolver(loop.context(), {.servers = server.address()});
  const auto outcome = ask(*resolver, "bank.example");
  ASSERT_TRUE(loop.until([&] {
    server.answer_one();
    return outcome->has_value();
  }));
  ASSERT_TRUE(outcome->value()) << outcome->value().error().why;
  EXPECT_EQ(***outcome, Addresses{"10.0.0.1"});
}

TEST_F(RealResolver, ANameThatDoesNotExistSaysSo) {
  NameServer server;
  const auto resolver = make_real_resolver(loop.context(), {.servers = server.address()});
  const auto outcome = ask(*resolver, "no.such.host.example");
  ASSERT_TRUE(loop.until([&] {
    server.answer_one(false);
    return outcome->has_value();
  }));
  ASSERT_FALSE(outcome->value());
  EXPECT_FALSE(outcome->value().error().is_ours);
  EXPECT_NE(outcome->value().error().why, "");
}

TEST_F(RealResolver, ASilentNameServerHoldsUpNobodyElse) {
  NameServer silent;
  const auto resolver = make_real_resolver(loop.context(), {.servers = silent.address()});
  std::vector<std::shared_ptr<Outcome>> hanging;
  for (int i = 0; i < 20; ++i) hanging.push_back(ask(*resolver, fmt::format("bank{}.example", i)));
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = ask(*resolver, "localhost");
  ASSERT_TRUE(loop.until([&] { return outcome->has_value(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  for (const auto& each : hanging) EXPECT_FALSE(*each);
}

TEST_F(RealResolver, ASilentNameServerIsGivenUpAfterItsTries) {
  NameServer silent;
  const auto resolver = make_real_resolver(
      loop.context(), {.first_try = 20ms, .tries = 2, .servers = silent.address()});
  const auto outcome = ask(*resolver, "bank.example");
  ASSERT_TRUE(loop.until([&] { return outcome->has_value(); }));
  EXPECT_FALSE(outcome->value());
  EXPECT_FALSE(outcome->value().error().is_ours);
}

TEST_F(RealResolver, AWholeLookUpHasALimit) {
  NameServer silent;
  const auto resolver = make_real_resolver(
      loop.context(), {.first_try = 1h, .limit = 20ms, .servers = silent.address()});
  const auto outcome = ask(*resolver, "bank.example");
  ASSERT_TRUE(loop.until([&] { return outcome->has_value(); }));
  EXPECT_FALSE(outcome->value());
}

TEST_F(RealResolver, ItMayGoInTheMiddleOfALookUp) {
  NameServer server;
  auto resolver = make_real_resolver(loop.context(), {.servers = server.address()});
  const auto hanging = ask(*resolver, "bank.example");
  const auto answered = ask(*resolver, "localhost");
  ASSERT_TRUE(loop.until([&] { return server.answer_one(); }));
  resolver.reset();
  loop.settle();
  EXPECT_FALSE(*hanging);
  EXPECT_FALSE(*answered);
}

TEST_F(RealResolver, ALackOfDescriptorsIsOurs) {
  // UBSan looks at an object through a pipe, and calls every one broken when it cannot have any.
  if (__has_feature(undefined_behavior_sanitizer)) GTEST_SKIP();
  NameServer silent;
  const auto resolver = make_real_resolver(loop.context(), {.servers = silent.address()});
  const auto first = ask(*resolver, "localhost");  // the loop has what it needs from here on
  ASSERT_TRUE(loop.until([&] { return first->has_value(); }));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto outcome = ask(*resolver, "bank.example");
  loop.settle();
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(loop.until([&] { return outcome->has_value(); }));
  ASSERT_FALSE(outcome->value());
  EXPECT_TRUE(outcome->value().error().is_ours);
}

}  // namespace
}  // namespace payswitch::platform
