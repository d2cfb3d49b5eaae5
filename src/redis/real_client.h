#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "redis/client.h"
#include "redis/options.h"
#include "world/chance.h"
#include "world/loop.h"
#include "world/resolver.h"

namespace payswitch::redis {

// The seams outlive the client; so do the scripts.
struct ClientSeams {
  boost::asio::io_context& context;
  world::Loop& loop;
  world::Timers& timers;
  const world::Clock& clock;
  world::Chance& chance;
  world::Resolver& resolver;
};

std::unique_ptr<Client> make_client(const ClientSeams& seams, const Options& options,
                                    std::vector<const Script*> scripts);

}  // namespace payswitch::redis
