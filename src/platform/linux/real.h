#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "platform/clock.h"
#include "platform/disk.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "platform/options.h"
#include "platform/random.h"
#include "platform/resolver.h"

// The real side of the seams. Only the app (and the main of the tools) makes these.
namespace payswitch::platform {

std::unique_ptr<Clock> make_real_clock();
std::unique_ptr<Loop> make_real_loop(boost::asio::io_context& context);
std::unique_ptr<Timers> make_real_timers(boost::asio::io_context& context, const Clock& clock);
std::unique_ptr<Random> make_real_random();

// Opens the directory, creating it (mode 0700) when it is missing, and locks it against a second
// process for as long as the object lives. An error says in one line what is wrong.
std::expected<std::unique_ptr<Disk>, std::string> open_real_disk(const std::string& directory,
                                                                 boost::asio::io_context& context,
                                                                 Loop& loop,
                                                                 DiskOptions options = {});

// Asks /etc/hosts and the name servers, in the order of /etc/nsswitch.conf, with c-ares. What the
// files say is read anew for each look-up.
std::unique_ptr<Resolver> make_real_resolver(boost::asio::io_context& context,
                                             const ResolverOptions& options = {});

enum class LogFormat : std::uint8_t { text, json };

// A log whose lines are written by a thread of its own (platform/linux/log_writer.h).
class RealLog : public Log {
 public:
  // Waits until all is written, for LogWriter::patience at most. False: it is not.
  virtual bool flush() = 0;
  // Lines that no reader took.
  virtual std::uint64_t dropped() const = 0;
};

// Writes to standard error; flushes when it goes. Throws std::system_error when no thread can be
// made. SIGPIPE has to be ignored.
std::unique_ptr<RealLog> make_real_log(LogFormat format, Level level);

}  // namespace payswitch::platform
