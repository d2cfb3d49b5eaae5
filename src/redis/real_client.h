#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "platform/loop.h"
#include "platform/random.h"
#include "platform/resolver.h"
#include "redis/client.h"
#include "redis/options.h"

namespace payswitch::redis {

// The seams outlive the client; so do the scripts.
struct ClientSeams {
  boost::asio::io_context& context;
  platform::Loop& loop;
  platform::Timers& timers;
  const platform::Clock& clock;
  platform::Random& random;
  platform::Resolver& resolver;
};

// What can be known of the options before the first connection: that the certificates can be read.
// An error is one line for a person.
std::expected<void, std::string> check(const Options& options);

std::unique_ptr<Client> make_client(const ClientSeams& seams, const Options& options,
                                    std::vector<const Script*> scripts);

}  // namespace payswitch::redis
