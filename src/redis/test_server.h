#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "redis/address.h"
#include "redis/reply.h"
#include "world/test_process.h"

// For tests: a real redis-server of one's own. Everything here blocks.
namespace payswitch::redis {

struct TestServerOptions {
  std::string appendonly = "yes";
  std::string appendfsync = "always";
  std::string password = {};  // of the default user; empty: none
  bool is_tls = false;        // with a certificate of its own for 127.0.0.1
  // Further lines of redis.conf, as "maxmemory 64mb".
  std::vector<std::string> settings = {};
};

// One connection that waits for what it asked.
class TestConversation {
 public:
  explicit TestConversation(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  TestConversation(const TestConversation&) = delete;
  TestConversation& operator=(const TestConversation&) = delete;
  ~TestConversation() { ::close(socket_); }

  // The reply to the last of them; nil when the connection ends before.
  Reply say(const std::vector<std::vector<std::string>>& commands) {
    std::string bytes;
    for (const auto& words : commands) {
      bytes += fmt::format("*{}\r\n", words.size());
      for (const auto& word : words) bytes += fmt::format("${}\r\n{}\r\n", word.size(), word);
    }
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    Reply last;
    for (std::size_t i = 0; i < commands.size(); ++i) last = next();
    return last;
  }

 private:
  Reply next() {
    char piece[4096];
    for (;;) {
      const auto reply = reader_.next();
      if (!reply) return {};
      if (*reply) return **reply;
      const auto size = ::recv(socket_, piece, sizeof piece, 0);
      if (size <= 0) return {};
      reader_.feed({piece, static_cast<std::size_t>(size)});
    }
  }

  int socket_;
  ReplyReader reader_{64ull << 20};
};

class TestServer {
 public:
  // Starts it; the first failure ends the test with what the server said.
  explicit TestServer(TestServerOptions options = {}) : options_(std::move(options)) {
    std::string pattern = std::filesystem::temp_directory_path() / "payswitch-redis-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    if (options_.is_tls) make_certificate("server");
    start();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    process_.reset();
    std::filesystem::remove_all(directory_);
  }

  // As a client would be told.
  Address address() const {
    return {.host = "127.0.0.1",
            .port = options_.is_tls ? tls_port_.number() : port_.number(),
            .password = options_.password,
            .is_tls = options_.is_tls};
  }
  std::string url() const {
    return "redis://" + (options_.password.empty() ? "" : ":" + options_.password + "@") +
           "127.0.0.1:" + std::to_string(port_.number()) + "/0";
  }
  // The certificate that proves it, and another one that proves nothing of it.
  std::string ca_file() const { return directory_ / "server.crt"; }
  std::string other_ca_file() const {
    make_certificate("other");
    return directory_ / "other.crt";
  }

  // On the same port and in the same directory as before; returns when it answers.
  void start() {
    write_settings();
    process_ = std::make_unique<world::TestProcess>(
        std::vector<std::string>{"redis-server", directory_ / "redis.conf"}, log_file());
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (ask({"PING"}).text != "PONG") {
      if (process_->is_over() || std::chrono::steady_clock::now() > give_up) {
        throw std::runtime_error("redis-server does not start:\n" + log());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  void kill() { process_->end(SIGKILL); }
  void stop() { process_->end(SIGTERM); }  // orderly
  void freeze() { process_->signal(SIGSTOP); }
  void thaw() { process_->signal(SIGCONT); }

  // Over a connection of its own, without TLS; nil when there is none.
  Reply ask(const std::vector<std::string>& words) const {
    std::vector<std::vector<std::string>> commands;
    if (!options_.password.empty()) commands.push_back({"AUTH", options_.password});
    commands.push_back(words);
    return TestConversation(port_.number()).say(commands);
  }

  std::string log() const {
    std::ostringstream text;
    text << std::ifstream(log_file()).rdbuf();
    return text.str();
  }

 private:
  std::string log_file() const { return directory_ / "redis.log"; }

  void write_settings() const {
    std::ofstream file(directory_ / "redis.conf");
    file << "bind 127.0.0.1\nport " << port_.number() << "\ndir " << directory_.string()
         << "\nsave \"\"\nappendonly " << options_.appendonly << "\nappendfsync "
         << options_.appendfsync << "\nenable-debug-command local\n";
    if (!options_.password.empty()) file << "requirepass " << options_.password << "\n";
    if (options_.is_tls) {
      file << "tls-port " << tls_port_.number() << "\ntls-auth-clients no\ntls-cert-file "
           << ca_file() << "\ntls-key-file " << (directory_ / "server.key").string()
           << "\ntls-ca-cert-file " << ca_file() << "\n";
    }
    for (const std::string& line : options_.settings) file << line << "\n";
  }

  // Signed by itself, so it is its own authority.
  void make_certificate(const std::string& name) const {
    const std::string path = directory_ / name;
    world::TestProcess openssl(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", path + ".key", "-out", path + ".crt"},
        log_file());
    if (openssl.wait() != 0) throw std::runtime_error("openssl: " + log());
  }

  TestServerOptions options_;
  world::ReservedPort port_;
  world::ReservedPort tls_port_;
  std::filesystem::path directory_;
  std::unique_ptr<world::TestProcess> process_;
};

}  // namespace payswitch::redis
