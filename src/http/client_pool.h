#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "http/client.h"
#include "http/options.h"
#include "platform/loop.h"
#include "platform/resolver.h"

namespace payswitch::http {

// The real client: a pool of keep-alive sockets. A connection that is closed by the other side
// while idle leaves the pool at once; bytes that arrive on an idle connection close it. Giving a
// connection back makes no idle event. When the pool goes, no `done` is called any more; it must
// not go from within one.
// A host that is a name is looked up; until that is done, the addresses found before are used.
std::unique_ptr<Client> make_pool(boost::asio::io_context& context, platform::Timers& timers,
                                  const platform::Clock& clock, platform::Resolver& resolver,
                                  const ClientOptions& options);

}  // namespace payswitch::http
