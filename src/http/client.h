#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "http/counters.h"
#include "http/message.h"

namespace payswitch::http {

// Why there is no response. For `not_sent` nothing left this process; for all others the request
// may have arrived.
enum class Failure : std::uint8_t {
  not_sent,  // the connection was dead before the write was started
  cut,       // closed or reset before the whole response was here
  garbled,   // what came back is not an HTTP response, or is beyond the limits
  hung_up,   // hang_up() was called
};

std::string_view to_string(Failure failure);

// A request to send. All views need to live only until send() returns.
struct OutgoingRequest {
  Method method = Method::get;
  std::string_view target = {};
  std::string_view content_type = {};  // empty: none
  std::string_view body = {};          // only with post and put
  std::span<const Field> fields = {};  // beyond Host, Content-Type and Content-Length
};

// The views die when the callback returns.
struct IncomingResponse {
  unsigned status = 0;
  std::string_view content_type;
  std::string_view body;
  // The response said where its body ends (RFC 9112 section 6.3). Otherwise the body ends where the
  // connection did, and whether more was meant to come is not known.
  bool is_framed = true;
};

// Names a connection that the caller holds, from take() to the end of the exchange.
enum class ConnectionId : std::uint64_t {};

enum class ConnectFailure : std::uint8_t {
  theirs,  // refused, unreachable, timed out, or the name has no address
  ours,    // out of descriptors, ports or memory
};

// Connections to one origin. One exchange a connection at a time; it never repeats a request and
// never pipelines (PROTOCOL 2.3). Loop thread only. The real one is a pool of sockets; the virtual
// world carries exchanges without bytes.
class Client {
 public:
  using Done = std::move_only_function<void(std::expected<IncomingResponse, Failure>)>;

  struct Events {
    // A connection became idle: take() will succeed. Called from the loop, never from within a call
    // to the client.
    std::function<void()> idle;
    // An attempt to connect failed.
    std::function<void(ConnectFailure)> connect_failed;
  };

  virtual ~Client() = default;

  virtual void listen(Events events) = 0;

  // Sees to it that `count` connections are idle or being opened, within the maximum. Does not try
  // again after a failure: the caller decides when.
  virtual void want(std::size_t count) = 0;

  // Hands out the idle connection that was used last, if one is ready. It stays with the caller
  // until give_back() or the end of its exchange.
  virtual std::optional<ConnectionId> take() = 0;

  // Not needed after all.
  virtual void give_back(ConnectionId connection) = 0;

  // Starts the write, unless the connection has died since it was taken. `done` is called exactly
  // once, later, from the loop. Whole answer: status, and body as framed (RFC 9112 section 6). When
  // `done` has returned, the connection is idle again, or closed when it may not be used again.
  virtual void send(ConnectionId connection, const OutgoingRequest& request, Done done) = 0;

  // The response is late: whatever comes, the connection is closed after it and never used again.
  virtual void retire(ConnectionId connection) = 0;

  // Closes the connection now; `done` gets Failure::hung_up, later, from the loop.
  virtual void hang_up(ConnectionId connection) = 0;

  virtual const ClientCounters& counters() const = 0;
};

}  // namespace payswitch::http
