#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <string>

namespace payswitch::http {

struct ListeningSocket {
  int descriptor = -1;  // does not block; the caller closes it
  std::uint16_t port = 0;
};

// Binds and listens at once; port 0: any free one. A host that is a name is looked up, which
// blocks: only at start. An error is one line for a person (a port in use, no such address).
std::expected<ListeningSocket, std::string> listen_on(boost::asio::io_context& context,
                                                      const std::string& host, std::uint16_t port);

}  // namespace payswitch::http
