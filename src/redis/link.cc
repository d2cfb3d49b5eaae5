#include "redis/link.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

namespace payswitch::redis {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;

tcp::socket& socket_of(tcp::socket& stream) {
  return stream;
}
tcp::socket& socket_of(TlsStream& stream) {
  return stream.next_layer();
}

std::string text_of(error_code error) {
  if (error == asio::error::eof) return "the other end closed the connection";
  return error ? error.message() : std::string();
}

// Both streams read and write alike; only TLS shakes hands.
template <class Stream>
class StreamLink final : public Link {
 public:
  template <class... Extra>
  StreamLink(asio::io_context& context, const Options& options, Extra&&... extra)
      : options_(options), stream_(context, std::forward<Extra>(extra)...) {}

  void open(const platform::Addresses& addresses, Outcome done) override {
    std::vector<tcp::endpoint> endpoints;
    for (const std::string& address : addresses) {
      endpoints.emplace_back(asio::ip::make_address(address), options_.address.port);
    }
    asio::async_connect(socket_of(stream_), endpoints,
                        [this, self = shared_from_this(), done = std::move(done)](
                            error_code error, const tcp::endpoint&) mutable {
                          if (closed_) return;
                          if (error) return done(text_of(error));
                          error_code ignored;
                          socket_of(stream_).set_option(tcp::no_delay(true), ignored);
                          socket_of(stream_).set_option(asio::socket_base::keep_alive(true),
                                                        ignored);
                          shake_hands(std::move(done));
                        });
  }

  void receive(Received received, Outcome ended) override {
    received_ = std::move(received);
    ended_ = std::move(ended);
    read();
  }

  void write(std::string bytes, Outcome done) override {
    output_ = std::move(bytes);
    asio::async_write(
        stream_, asio::buffer(output_),
        [this, self = shared_from_this(), done = std::move(done)](error_code error, std::size_t) {
          if (!closed_) done(text_of(error));
        });
  }

  void close() override {
    closed_ = true;
    error_code ignored;
    socket_of(stream_).close(ignored);
  }

 private:
  void shake_hands(Outcome done) {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      const std::string& host = options_.address.host;
      error_code not_an_address;
      asio::ip::make_address(host, not_an_address);
      if (not_an_address) SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str());
      stream_.set_verify_callback(asio::ssl::host_name_verification(host));
      stream_.async_handshake(
          asio::ssl::stream_base::client,
          [this, self = shared_from_this(), done = std::move(done)](error_code error) {
            if (!closed_) done(text_of(error));
          });
    } else {
      done("");
    }
  }

  void read() {
    stream_.async_read_some(asio::buffer(input_),
                            [this, self = shared_from_this()](error_code error, std::size_t size) {
                              if (closed_) return;
                              if (error) return ended_(text_of(error));
                              received_(std::span<const char>(input_).first(size));
                              if (!closed_) read();
                            });
  }

  const Options& options_;
  Stream stream_;
  Received received_;
  Outcome ended_;
  std::string output_;
  std::array<char, 64 * 1024> input_;
  bool closed_ = false;
};

// The certificates that prove who the other end is.
std::string trust(asio::ssl::context& context, const Options& options) {
  error_code error;
  context.set_verify_mode(asio::ssl::verify_peer);
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(options.ca_file, error);
  }
  if (!error) return {};
  if (options.ca_file.empty()) return fmt::format("certificates of the system: {}", text_of(error));
  return fmt::format("certificates of {}: {}", options.ca_file, text_of(error));
}

// A link that cannot be: says why when it is opened.
class NoLink final : public Link {
 public:
  NoLink(asio::io_context& context, std::string why) : context_(context), why_(std::move(why)) {}
  void open(const platform::Addresses&, Outcome done) override {
    asio::post(context_, [this, self = shared_from_this(), done = std::move(done)] {
      if (!closed_) done(why_);
    });
  }
  void receive(Received, Outcome) override {}
  void write(std::string, Outcome) override {}
  void close() override { closed_ = true; }

 private:
  asio::io_context& context_;
  std::string why_;
  bool closed_ = false;
};

}  // namespace

std::string Link::trouble_with_certificates(const Options& options) {
  if (!options.address.is_tls) return {};
  asio::ssl::context tls(asio::ssl::context::tls_client);
  return trust(tls, options);
}

std::shared_ptr<Link> Link::make(asio::io_context& context, const Options& options) {
  if (!options.address.is_tls) {
    return std::make_shared<StreamLink<tcp::socket>>(context, options);
  }
  asio::ssl::context tls(asio::ssl::context::tls_client);
  if (auto trouble = trust(tls, options); !trouble.empty()) {
    return std::make_shared<NoLink>(context, trouble);
  }
  return std::make_shared<StreamLink<TlsStream>>(context, options, tls);
}

}  // namespace payswitch::redis
