#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "redis/reply.h"

// For tests: a redis-server of one's own on a Unix socket, asked one command at a time.
namespace payswitch::lab {

class RealRedis {
 public:
  RealRedis() {
    std::string pattern = std::filesystem::temp_directory_path() / "payswitch-redis-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    const std::string socket = directory_ / "socket";
    const std::string log = directory_ / "log";
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket.c_str(),
               "--save", "", "--appendonly", "no", "--dir", directory_.c_str(), "--logfile",
               log.c_str(), nullptr);
      ::_exit(127);
    }
    connect(socket);
  }
  ~RealRedis() {
    ::close(socket_);
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    std::filesystem::remove_all(directory_);
  }
  RealRedis(const RealRedis&) = delete;
  RealRedis& operator=(const RealRedis&) = delete;

  redis::Reply ask(std::span<const std::string_view> words) {
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view word : words) {
      bytes += "$" + std::to_string(word.size()) + "\r\n";
      bytes += word;
      bytes += "\r\n";
    }
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    for (char piece[4096];;) {
      const auto reply = reader_.next();
      if (!reply) throw std::runtime_error(reply.error());
      if (*reply) return **reply;
      const auto size = ::recv(socket_, piece, sizeof piece, 0);
      if (size <= 0) throw std::runtime_error("redis-server has hung up");
      reader_.feed({piece, static_cast<std::size_t>(size)});
    }
  }

 private:
  void connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (;;) {
      socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return;
      }
      ::close(socket_);
      if (std::chrono::steady_clock::now() > give_up) {
        throw std::runtime_error("redis-server does not start");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  std::filesystem::path directory_;
  pid_t process_ = -1;
  int socket_ = -1;
  redis::ReplyReader reader_{64ull << 20};
};

}  // namespace payswitch::lab
