#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <memory>
#include <string>

#include "http/counters.h"
#include "http/message.h"
#include "http/options.h"
#include "platform/loop.h"

namespace payswitch::http {

// The listener: HTTP/1.1 (RFC 9112) with keep-alive, pipelining, chunked and fixed bodies and
// Expect: 100-continue. Pipelined requests reach the handler in order, may be answered in any
// order, and are answered on the wire in order. What is not a well-formed request within the limits
// never reaches the handler: the server answers it with a problem (400, 408, 413, 417, 431, 501,
// 503, 505) and closes. It may go before the Responders that it gave out; the io_context may not.
// Loop thread only.
class Server {
 public:
  virtual ~Server() = default;

  // The port it listens on, also when the options said 0.
  virtual std::uint16_t port() const = 0;

  // Accepts no more connections, closes the idle ones, and answers what is still being worked on
  // with Connection: close.
  virtual void drain() = 0;

  // No connection is left. True only after drain().
  virtual bool drained() const = 0;

  virtual const ServerCounters& counters() const = 0;
};

// Binds and listens at once. An error is one line for a person (a port in use, no such address).
std::expected<std::unique_ptr<Server>, std::string> make_server(boost::asio::io_context& context,
                                                                platform::Timers& timers,
                                                                const platform::Clock& clock,
                                                                const ServerOptions& options,
                                                                Handler handler);

}  // namespace payswitch::http
