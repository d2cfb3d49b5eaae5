#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "http/options.h"
#include "platform/clock.h"

namespace payswitch::http {

// The time limits of a server's connection, of which at most one runs at a time. Pure.
class ServerDeadlines {
 public:
  enum class Limit : std::uint8_t {
    none,     // a response is awaited from the handler
    idle,     // the next request, from the last bytes that came or left
    request,  // the rest of a request, from its first byte
    write,    // the client takes bytes, from the last that it took
    linger,   // the client's end, from the end of ours
  };
  struct Deadline {
    Limit limit = Limit::none;
    platform::Instant at;
  };

  // Of a lingering close (RFC 9112 section 9.6): the client gets the chance to read the last
  // response before unread bytes of its own make the kernel reset the connection.
  static constexpr std::chrono::seconds max_linger{2};

  ServerDeadlines(const ServerOptions& options, platform::Instant now)
      : read_timeout_(options.read_timeout), idle_timeout_(options.idle_timeout), active_(now) {}

  // Bytes came, or left.
  void note_activity(platform::Instant now) { active_ = now; }

  // A request has begun to come, with the last bytes that came, unless it had begun before.
  void begin_request() {
    if (!request_began_) request_began_ = active_;
  }
  // The client was asked to go on with it: its time begins anew.
  void restart_request(platform::Instant now) { request_began_ = now; }
  // It is whole, or we do not let it come.
  void end_request() { request_began_.reset(); }

  void begin_linger(platform::Instant now) { linger_until_ = now + max_linger; }

  Deadline next(bool has_unsent_bytes, bool has_unanswered_requests) const;

 private:
  std::chrono::milliseconds read_timeout_;
  std::chrono::milliseconds idle_timeout_;
  platform::Instant active_;
  std::optional<platform::Instant> request_began_;
  std::optional<platform::Instant> linger_until_;
};

}  // namespace payswitch::http
