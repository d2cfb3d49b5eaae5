#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "redis/counters.h"
#include "redis/reply.h"
#include "redis/script.h"

namespace payswitch::redis {

// Why there is no reply.
enum class Failure : std::uint8_t {
  not_sent,   // it did not run: not connected, too much outstanding, or cut before the write
  maybe_ran,  // it may have run: cut, or timed out, after its write was started
};

enum class Flush : std::uint8_t {
  now,   // something waits: it leaves with this turn of the loop
  lazy,  // nothing does: it leaves with the next one that leaves now, or after Options::linger
};

// Who is at the other end, as it was when the connection began. Redis forgot what it had not saved
// when `run_id` is another one than before (PROTOCOL 7.5).
struct Server {
  std::string run_id;
  std::string version;           // "7.0.15"
  std::string role;              // "master", "slave"
  std::string appendonly;        // "yes", "no"; empty where we may not ask
  std::string appendfsync;       // "always", "everysec", "no"
  std::string maxmemory_policy;  // "noeviction", …
  std::chrono::seconds uptime{0};
  std::uint64_t maxmemory = 0;    // bytes; 0: no limit
  std::uint64_t used_memory = 0;  // bytes
  std::uint64_t replicas = 0;     // that follow it now

  // What it has answered is on its disk.
  bool syncs_always() const { return appendonly == "yes" && appendfsync == "always"; }
};

// One connection to Redis, made again whenever it is lost. What is called in one turn of the loop
// leaves in one write, and runs in the order of the calls, whatever their Flush. It never repeats a
// command: the caller that gets maybe_ran decides (PROTOCOL 7.3). An idle connection sends nothing.
// Once destroyed it calls no callback any more; it must not be destroyed from one of its own
// callbacks. Loop thread only.
class Client {
 public:
  using Done = std::move_only_function<void(std::expected<Reply, Failure>)>;

  struct Events {
    // From here on commands are taken.
    std::function<void(const Server&)> connected;
    // All that was outstanding has failed. `why` is one line for a person; said at each failed try
    // to connect as well.
    std::function<void(const std::string& why)> disconnected;
    // It speaks of our configuration (redis/refusal.h): trying again will not mend it. It is tried
    // again all the same, and disconnected() follows.
    std::function<void(const std::string& why)> refused = {};
  };

  virtual ~Client() = default;

  // Begins to connect, and goes on for ever.
  virtual void start(Events events) = 0;

  // `done` is called exactly once, later, from the loop, in the order of the calls; what is beyond
  // a limit of Options is not_sent at once, ahead of those that wait for replies. An error of Redis
  // is a reply. The words, at least one, need to live only until the call returns.
  virtual void command(std::span<const std::string_view> words, Done done) = 0;

  // Runs one of the scripts that the client was made with. Should Redis have lost it (SCRIPT
  // FLUSH), the connection is made again, and this call has not run.
  virtual void run(const Script& script, std::span<const std::string_view> keys,
                   std::span<const std::string_view> arguments, Done done,
                   Flush haste = Flush::now) = 0;

  virtual bool connected() const = 0;
  virtual const Counters& counters() const = 0;
};

}  // namespace payswitch::redis
