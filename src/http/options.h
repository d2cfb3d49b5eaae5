#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace payswitch::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9999;             // 0: any free one
  std::size_t max_connections = 12'000;  // one beyond is answered 503 and closed
  std::size_t max_turned_away = 256;     // that are answered 503; one beyond these is just closed
  std::size_t max_header_bytes = 8 * 1024;
  std::size_t max_body_bytes = 16 * 1024;
  std::size_t max_pipelined = 64;  // unanswered requests of one connection; then it is not read
  std::size_t max_unsent_bytes = 64 * 1024;        // of one slow reader; then it is not read
  std::chrono::milliseconds read_timeout{10'000};  // from a request's first byte to its last
  std::chrono::milliseconds idle_timeout{75'000};  // between requests; then closed
};

struct ClientOptions {
  std::string host;
  std::uint16_t port = 80;
  std::size_t max_connections = 1'000;
  std::size_t max_response_bytes = 64 * 1024;  // header and body; beyond it the response is garbled
  std::chrono::milliseconds connect_timeout{2'000};
};

}  // namespace payswitch::http
