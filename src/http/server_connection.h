#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/counters.h"
#include "http/message.h"
#include "http/options.h"
#include "http/request_parser.h"
#include "http/response_queue.h"
#include "net/socket.h"
#include "platform/loop.h"

namespace payswitch::http {

class Connection;

// What a server's connection needs of its server, which outlives every open connection.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;

  virtual void handle(const Request& request, Responder respond) = 0;
  virtual void closed(const Connection& connection) = 0;

  virtual const ServerOptions& options() const = 0;
  virtual ServerCounters& counters() = 0;
  // The value of a Date field now. The view dies with the next call.
  virtual std::string_view date() = 0;
  virtual platform::Timers& timers() = 0;
  virtual const platform::Clock& clock() const = 0;
};

// One client. It reads as long as it is below its limits, hands requests to the owner, and writes
// answers in order, many at a time. Stays alive until it is closed and nobody holds a Responder.
class Connection final : public ResponseSink,
                         public std::enable_shared_from_this<Connection>,
                         private SocketOwner {
 public:
  // Takes the descriptor.
  Connection(ConnectionOwner& owner, Poller& poller, int descriptor);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False: the kernel could not take it.
  bool is_open() const { return socket_.is_open(); }

  void start();
  // Says why not, and closes: instead of start(), or of waiting on.
  void turn_away(Rejection rejection);

  // Answers what has been read, or is being read, and closes.
  void drain();
  // Now, whatever is outstanding. The owner is told, once.
  void close();

  void answer(std::uint64_t sequence, const Response& response) override;
  bool when_client_ends(std::uint64_t sequence, Ended ended) override;

 private:
  // What ends the wait that is going on.
  enum class Limit : std::uint8_t { none, idle, request, write, linger };
  struct Deadline {
    Limit limit = Limit::none;
    platform::Instant at;
  };

  // Upper bounds of a lingering close (RFC 9112 section 9.6): the client is given the chance to
  // read the last response before unread bytes of its own make the kernel reset the connection.
  static constexpr std::chrono::seconds max_linger{2};
  static constexpr std::size_t max_linger_bytes = 1024 * 1024;
  static constexpr std::size_t max_kept_output = 64 * 1024;
  // Then the other connections have their turn.
  static constexpr int max_requests_a_turn = 8;
  // What the kernel may hold for a slow reader; left to itself, it would hold 4 MiB.
  static constexpr int max_kernel_unsent_bytes = 128 * 1024;

  void run();
  bool take_requests();
  void dispatch();
  void reject(Rejection rejection);
  void reject(const Problem& problem);
  void note_request_time();
  void say_continue();
  bool turn_is_over() const { return turn_requests_ >= max_requests_a_turn; }
  bool may_take() const;
  bool may_read() const;
  bool client_has_ended() const { return closed_ || input_ended_ || socket_.has_ended(); }
  void tell_of_the_end();

  std::span<char> room() override;
  void on_ready() override;
  void read();
  bool wants_to_read() const { return all_taken_ && may_read(); }

  void write();
  std::string_view unsent() const override { return std::string_view{output_}.substr(sent_); }
  void on_written(std::size_t bytes) override;
  void on_write_failed() override { close(); }

  void settle();
  void linger();
  void discard(std::size_t count);

  Deadline deadline() const;
  void watch_deadline();
  void on_timer();
  void on_deadline(Limit limit);

  ConnectionOwner& owner_;
  Socket socket_;
  RequestParser parser_;
  ResponseQueue queue_;
  std::string output_;
  std::size_t sent_ = 0;  // bytes of output_ that the kernel has

  int turn_requests_ = 0;     // taken in this turn of the loop
  bool all_taken_ = true;     // of what was read; only then more is read
  bool running_ = false;      // inside run()
  bool input_ended_ = false;  // the client will send no more
  bool stopped_ = false;      // no request will be taken any more
  bool draining_ = false;
  bool continue_said_ = false;  // to the request that is being read
  bool lingering_ = false;
  bool closed_ = false;

  std::optional<platform::Instant> request_began_;  // first byte, as far as we let it come
  platform::Instant last_active_;
  platform::Instant linger_until_;
  std::size_t lingered_bytes_ = 0;
  platform::TimerId timer_ = platform::TimerId::none;
  platform::Instant timer_at_;
};

}  // namespace payswitch::http
