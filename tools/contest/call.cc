#include "tools/contest/call.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

namespace payswitch::lab::contest {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr auto timeout = std::chrono::seconds(10);
// The books of a long run.
constexpr std::uint64_t max_body_bytes = 256 * 1024 * 1024;

beast::http::request<beast::http::string_body> request_of(const text::HttpUrl& url,
                                                          const Call& call) {
  beast::http::request<beast::http::string_body> request;
  request.method_string(std::string(to_string(call.method)));
  request.target(url.base_path + call.target);
  request.version(11);
  request.set(beast::http::field::host, fmt::format("{}:{}", url.host, url.port));
  request.set(beast::http::field::connection, "close");
  if (!call.token.empty()) request.set("X-Rinha-Token", call.token);
  if (!call.body.empty()) request.set(beast::http::field::content_type, "application/json");
  request.body() = call.body;
  request.prepare_payload();
  return request;
}

asio::awaitable<beast::http::response<beast::http::string_body>> exchange(const text::HttpUrl& url,
                                                                          const Call& call) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  beast::tcp_stream stream(executor);
  stream.expires_after(timeout);
  const auto addresses =
      co_await resolver.async_resolve(url.host, std::to_string(url.port), asio::use_awaitable);
  co_await stream.async_connect(addresses, asio::use_awaitable);
  const auto request = request_of(url, call);
  co_await beast::http::async_write(stream, request, asio::use_awaitable);
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(max_body_bytes);
  co_await beast::http::async_read(stream, buffer, parser, asio::use_awaitable);
  co_return parser.release();
}

}  // namespace

asio::awaitable<std::expected<std::string, std::string>> make_call(text::HttpUrl url, Call call) {
  const std::string what = fmt::format("{} http://{}:{}{}{}", to_string(call.method), url.host,
                                       url.port, url.base_path, call.target);
  try {
    auto response = co_await exchange(url, call);
    const unsigned status = response.result_int();
    if (status >= 200 && status < 300) co_return std::move(response.body());
    co_return std::unexpected(fmt::format("{}: answered with {}", what, status));
  } catch (const boost::system::system_error& error) {
    co_return std::unexpected(fmt::format("{}: {}", what, error.code().message()));
  }
}

}  // namespace payswitch::lab::contest
