#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "platform/resolver.h"
#include "redis/options.h"

namespace payswitch::redis {

// One connection's bytes, with TLS or without. It lives for as long as something is under way on
// it; after close() nothing is called any more. Loop thread only.
class Link : public std::enable_shared_from_this<Link> {
 public:
  // Called later, from the loop. An empty text: it went well. Otherwise one line for a person.
  using Outcome = std::function<void(const std::string& trouble)>;
  using Received = std::function<void(std::span<const char> bytes)>;

  // One line for a person; empty where there is none, or no TLS.
  static std::string trouble_with_certificates(const Options& options);

  static std::shared_ptr<Link> make(boost::asio::io_context& context, const Options& options);

  virtual ~Link() = default;

  // Connects to one of the addresses and shakes hands; once.
  virtual void open(const platform::Addresses& addresses, Outcome done) = 0;
  // `received` for each piece that comes, `ended` once, when no more will.
  virtual void receive(Received received, Outcome ended) = 0;
  // One at a time.
  virtual void write(std::string bytes, Outcome done) = 0;
  virtual void close() = 0;
};

}  // namespace payswitch::redis
