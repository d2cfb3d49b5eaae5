#include "http/listen.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>

namespace payswitch::http {
namespace {

using boost::asio::ip::tcp;

// Throws boost::system::system_error.
tcp::endpoint endpoint_of(boost::asio::io_context& context, const std::string& host,
                          std::uint16_t port) {
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(host, not_an_address);
  if (!not_an_address) return {address, port};
  tcp::resolver resolver{context};
  const auto flags = tcp::resolver::passive | tcp::resolver::numeric_service;
  return *resolver.resolve(host, std::to_string(port), flags).begin();
}

}  // namespace

std::expected<ListeningSocket, std::string> listen_on(boost::asio::io_context& context,
                                                      const std::string& host, std::uint16_t port) {
  try {
    tcp::acceptor acceptor{context, endpoint_of(context, host, port)};
    acceptor.native_non_blocking(true);
    const std::uint16_t bound = acceptor.local_endpoint().port();
    return ListeningSocket{.descriptor = acceptor.release(), .port = bound};
  } catch (const boost::system::system_error& failure) {
    return std::unexpected(
        fmt::format("cannot listen on {}:{}: {}", host, port, failure.code().message()));
  }
}

}  // namespace payswitch::http
