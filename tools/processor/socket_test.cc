// The processor and its server, spoken to over real sockets.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <thread>

#include "platform/linux/real.h"
#include "tools/processor/server.h"
#include "tools/processor/service.h"

namespace payswitch::lab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A client with one blocking connection.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { ::close(socket_); }
  Client(Client&&) = delete;

  static std::string request(std::string_view method, std::string_view path,
                             std::string_view body = {}) {
    return fmt::format(
        "{} {} HTTP/1.1\r\nHost: lab\r\nX-Rinha-Token: 123\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        method, path, body.size(), body);
  }

  void send(std::string_view bytes) {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // The next answer, header and body.
  std::string read_response() {
    while (unread_.find("\r\n\r\n") == unread_.npos) {
      if (!read_more()) return "(no answer)";
    }
    constexpr std::string_view length_name = "Content-Length: ";
    const std::size_t header_size = unread_.find("\r\n\r\n") + 4;
    const std::size_t at = unread_.find(length_name);
    const std::size_t length =
        at < header_size ? std::stoull(unread_.substr(at + length_name.size())) : 0;
    while (unread_.size() < header_size + length) {
      if (!read_more()) return "(half an answer)";
    }
    const std::string answer = unread_.substr(0, header_size + length);
    unread_.erase(0, answer.size());
    return answer;
  }

  std::string ask(std::string_view method, std::string_view path, std::string_view body = {}) {
    send(request(method, path, body));
    return read_response();
  }

  // Everything up to the end that the other side makes.
  std::string read_to_end() {
    while (read_more()) {
    }
    return unread_;
  }

 private:
  bool read_more() {
    char bytes[65536];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count > 0) unread_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }

  int socket_;
  std::string unread_;
};

class ProcessorOnASocket : public testing::Test {
 protected:
  void SetUp() override {
    const auto port = server_.listen("127.0.0.1", 0);
    ASSERT_TRUE(port) << port.error();
    port_ = *port;
    loop_ = std::thread([this] { context_.run(); });
  }
  void TearDown() override {
    context_.stop();
    if (loop_.joinable()) loop_.join();
  }

  std::uint16_t port() const { return port_; }

  // As many POSTs without a client as can run at once; each sleeps the delay that is set.
  void fill_all_places() {
    boost::asio::post(context_, [this] {
      for (unsigned i = 0; i < Processor::max_running; ++i) {
        service_.handle(
            {.method = http::Method::post, .path = "/payments", .body = payment(1000 + i)},
            [](const Response&) {});
      }
    });
  }

  static std::string id(unsigned number) {
    return fmt::format("00000000-0000-4000-8000-{:012}", number);
  }
  static std::string payment(unsigned number) {
    return fmt::format(R"({{"correlationId":"{}","amount":19.90,)"
                       R"("requestedAt":"2025-07-08T12:34:56.789Z"}})",
                       id(number));
  }
  static std::string status(unsigned code) { return fmt::format("HTTP/1.1 {} ", code); }

  boost::asio::io_context context_{1};
  std::unique_ptr<platform::Clock> clock_ = platform::make_real_clock();
  std::unique_ptr<platform::Timers> timers_ = platform::make_real_timers(context_, *clock_);
  Processor processor_{Fee::parse("0.05").value()};
  lab::Service service_{processor_, *timers_, *clock_};
  Server server_{context_, *timers_, *clock_,
                 [this](const http::Request& request, Respond respond) {
                   service_.handle(request, std::move(respond));
                 }};
  std::uint16_t port_ = 0;
  std::thread loop_;
};

TEST_F(ProcessorOnASocket, TakesFindsAndSums) {
  Client connection(port());
  EXPECT_THAT(connection.ask("POST", "/payments", payment(1)), StartsWith(status(200)));
  EXPECT_THAT(connection.ask("POST", "/payments", payment(1)), StartsWith(status(422)));
  EXPECT_THAT(connection.ask("GET", "/payments/" + id(1)),
              HasSubstr(R"("requestedAt":"2025-07-08T12:34:56.789Z")"));
  EXPECT_THAT(connection.ask("GET", "/payments/" + id(2)), StartsWith(status(404)));
  EXPECT_THAT(connection.ask("GET",
                             "/admin/payments-summary?from=2025-07-08T12:34:56.789Z"
                             "&to=2025-07-08T12:34:56.789Z"),
              HasSubstr(R"({"totalRequests":1,"totalAmount":19.90,"totalFee":1.00,)"));
}

TEST_F(ProcessorOnASocket, TheFailureSwitchAnswersWithoutABodyAndTheConnectionGoesOn) {
  Client connection(port());
  connection.ask("PUT", "/admin/configurations/failure", R"({"failure":true})");
  const std::string answer = connection.ask("POST", "/payments", payment(1));
  EXPECT_THAT(answer, StartsWith(status(500)));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
  EXPECT_THAT(connection.ask("PUT", "/admin/configurations/failure", R"({"failure":false})"),
              StartsWith(status(200)));
  EXPECT_THAT(connection.ask("PUT", "/admin/configurations/token", R"({"token":"123"})"),
              StartsWith(status(204)));
  EXPECT_THAT(connection.ask("POST", "/payments", payment(1)), StartsWith(status(200)));
}

TEST_F(ProcessorOnASocket, ADelayedPaymentIsBookedEvenWhenItsClientHasGone) {
  Client control(port());
  control.ask("PUT", "/admin/configurations/delay", R"({"delay":100})");
  {
    Client impatient(port());
    impatient.send(Client::request("POST", "/payments", payment(1)));
    while (control.ask("GET", "/lab/counters").find(R"("posts":1)") == std::string::npos) {
    }
  }
  // Timers run in order: when this one is answered, the one before it has been decided.
  EXPECT_THAT(control.ask("POST", "/payments", payment(2)), StartsWith(status(200)));
  EXPECT_THAT(control.ask("GET", "/payments/" + id(1)), StartsWith(status(200)));
}

TEST_F(ProcessorOnASocket, ADropClosesTheConnectionWithoutAByte) {
  Client control(port());
  control.ask("PUT", "/lab/faults",
              R"({"post":"take_and_drop","count":1,"get":"drop","get_count":1})");
  Client victim(port());
  victim.send(Client::request("POST", "/payments", payment(1)));
  EXPECT_EQ(victim.read_to_end(), "");
  Client reader(port());
  reader.send(Client::request("GET", "/payments/" + id(1)));
  EXPECT_EQ(reader.read_to_end(), "");
  EXPECT_THAT(control.ask("GET", "/payments/" + id(1)), StartsWith(status(200)));
}

TEST_F(ProcessorOnASocket, ADropThatComesLateClosesTheConnectionToo) {
  Client control(port());
  control.ask("PUT", "/admin/configurations/delay", R"({"delay":200})");
  fill_all_places();
  control.ask("PUT", "/lab/faults", R"({"post":"drop","count":1})");
  Client victim(port());
  victim.send(Client::request("POST", "/payments", payment(1)));
  EXPECT_EQ(victim.read_to_end(), "");
}

TEST_F(ProcessorOnASocket, GarbageIsSentAndThenTheConnectionIsClosed) {
  Client control(port());
  control.ask("PUT", "/lab/faults", R"({"post":"garble_unbooked"})");
  Client victim(port());
  victim.send(Client::request("POST", "/payments", payment(1)));
  const std::string bytes = victim.read_to_end();
  EXPECT_NE(bytes, "");
  EXPECT_EQ(bytes.find("HTTP/1.1"), bytes.npos);
  EXPECT_THAT(control.ask("GET", "/payments/" + id(1)), StartsWith(status(404)));
}

TEST_F(ProcessorOnASocket, WhatWasAskedBeforeADropIsAnsweredAndWhatWasAskedAfterItIsNot) {
  Client control(port());
  control.ask("PUT", "/lab/faults", R"({"post":"drop","count":1})");
  Client victim(port());
  const std::string find = Client::request("GET", "/payments/" + id(7));
  victim.send(find + Client::request("POST", "/payments", payment(1)) + find);
  EXPECT_THAT(victim.read_response(), StartsWith(status(404)));
  EXPECT_EQ(victim.read_to_end(), "");
}

TEST_F(ProcessorOnASocket, BooksOfTwoHundredThousandPaymentsAreListedWhole) {
  constexpr unsigned count = 200'000;
  boost::asio::post(context_, [this] {
    for (unsigned i = 0; i < count; ++i) {
      processor_.ledger().book(payment::CorrelationId::parse(id(i)).value(),
                               {.amount = payment::Money::from_cents(1), .requested_at = {i}});
    }
  });
  Client connection(port());
  const std::string answer = connection.ask("GET", "/lab/books");
  EXPECT_THAT(answer, StartsWith(status(200)));
  const std::string_view body = std::string_view(answer).substr(answer.find("\r\n\r\n") + 4);
  EXPECT_EQ(std::ranges::count(body, '\n'), count);
  EXPECT_THAT(connection.ask("GET", "/payments/" + id(1)), StartsWith(status(200)));
}

}  // namespace
}  // namespace payswitch::lab
