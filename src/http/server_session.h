#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "http/counters.h"
#include "http/message.h"
#include "http/options.h"
#include "http/output_buffer.h"
#include "http/request_parser.h"
#include "http/response_queue.h"
#include "http/server_deadlines.h"
#include "net/socket.h"

namespace payswitch::http {

// What a server and one client say to each other, without the socket: bytes in, requests out,
// responses in, bytes out in the order of the requests. It decides how far the client is read,
// which time limit runs, and when the connection is closed. Pure: time comes in as an argument.
class ServerSession {
 public:
  enum class Step : std::uint8_t {
    none,         // no request may be taken now
    request,      // request() is to be handled, and sequence() names it
    bad_request,  // problem() says why; it is to be rejected
  };
  enum class Next : std::uint8_t {
    go_on,
    linger,  // everything is sent: say so, and discard what still comes
    close,
  };

  // The options and the counters must outlive it.
  ServerSession(const ServerOptions& options, ServerCounters& counters, platform::Instant now);

  // -- input

  // Where the next bytes go; empty: the client is not to be read now.
  std::span<char> room();
  bool wants_input() const { return is_lingering_ || (all_taken_ && may_read()); }
  // What came into that room. Not for Input::State::broken.
  void take(net::Input input, platform::Instant now);
  // It has closed its connection, or will send no more than what is still to be read.
  bool client_has_ended() const { return is_ending_; }

  // -- requests

  // So many requests may be taken until the next call.
  void begin_turn() { turn_requests_ = 0; }
  bool turn_is_over() const { return turn_requests_ >= max_requests_a_turn; }

  Step next_request();
  // Both valid until the next call of next_request() or room().
  const Request& request() const { return parser_.request(); }
  const Problem& problem() const { return parser_.problem(); }
  std::uint64_t sequence() const { return sequence_; }

  // Asks for the body of a request that waits for that (100-continue), once its turn has come.
  void say_continue(platform::Instant now);

  // -- responses; `date` is the value of a Date field

  void respond(std::uint64_t sequence, const Response& response, std::string_view date);
  // The last response of the connection: to a request that is not taken, or to none.
  void reject(const Problem& problem, std::string_view date);
  // Of the request that did not come in time.
  void reject_late_request(std::string_view date);

  // See Responder::when_client_ends().
  void watch(std::uint64_t sequence, ResponseSink::Ended ended);
  std::vector<ResponseSink::Ended> take_watchers() { return queue_.take_watchers(); }

  // The request that is answered next, or would be.
  std::uint64_t first_unanswered() const { return queue_.first(); }

  std::string_view unsent() const { return output_.unsent(); }
  void sent(std::size_t bytes, platform::Instant now);

  // -- the end

  // No request is taken any more but one that has begun to come.
  void drain() { is_draining_ = true; }
  // Nothing has begun: it may be closed at once.
  bool is_idle() const { return queue_.empty() && output_.empty() && !parser_.mid_request(); }
  // After each change: what becomes of the connection.
  Next settle(platform::Instant now);
  bool is_lingering() const { return is_lingering_; }
  ServerDeadlines::Deadline deadline() const;

 private:
  // Then the other connections have their turn.
  static constexpr int max_requests_a_turn = 8;
  // Of a lingering close: what is read and discarded.
  static constexpr std::size_t max_linger_bytes = 1024 * 1024;

  bool may_take() const;
  bool may_read() const { return may_take() && !has_ended_; }
  void open_request();
  void note_request_time();

  const ServerOptions& options_;
  ServerCounters& counters_;
  RequestParser parser_;
  ResponseQueue queue_;
  OutputBuffer output_;
  ServerDeadlines deadlines_;

  std::uint64_t sequence_ = 0;
  int turn_requests_ = 0;
  bool all_taken_ = true;       // of what was read; only then more is read
  bool is_ending_ = false;      // the client sends no more than what is still to be read
  bool has_ended_ = false;      // ... and it was read
  bool is_stopped_ = false;     // no request is taken any more
  bool is_draining_ = false;    // ... but one that has begun to come
  bool said_continue_ = false;  // to the request that is being read
  bool is_lingering_ = false;
  std::size_t lingered_bytes_ = 0;
};

}  // namespace payswitch::http
