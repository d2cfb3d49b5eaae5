#include "http/server_session.h"

#include <array>
#include <utility>

// How this works:
//
//   take() ─► parser ─► next_request() ─► handler ─► respond() ─► queue ─► output ─► sent()
//
// A client is read only while all that was read before has been taken, and requests are taken only
// below the limits: 64 unanswered, 64 KiB unsent, 8 a turn. So a client that sends without reading
// is stopped by TCP, and holds a bounded amount of memory. The time of a request runs only while we
// let it come.
//
// Once is_stopped_, no request is taken any more: the client said Connection: close, sent what is
// no request, was too slow, or the server drains. The last response says Connection: close. When it
// has left, settle() says linger: our half is closed, and what the client still sends is discarded
// for 2 s or 1 MiB. A close with unread bytes would make the kernel send a reset, and that would
// destroy the response before the client has read it.
//
// Example: "GET /a", "GET /b" and half a request arrive together. Two requests are taken, 0 and 1.
// The response to 1 comes first and is kept in the queue; the one to 0 releases both. The client
// is still read, with 10 s for the other half.
namespace payswitch::http {

ServerSession::ServerSession(const ServerOptions& options, ServerCounters& counters,
                             platform::Instant now)
    : options_(options),
      counters_(counters),
      parser_(
          {.max_header_bytes = options.max_header_bytes, .max_body_bytes = options.max_body_bytes}),
      deadlines_(options, now) {}

// -- input --------------------------------------------------------------------------------------

std::span<char> ServerSession::room() {
  return wants_input() ? parser_.prepare() : std::span<char>{};
}

void ServerSession::take(net::Input input, platform::Instant now) {
  is_ending_ = input.state != net::Input::State::open;
  has_ended_ = input.state == net::Input::State::ended;
  if (is_lingering_) {
    lingered_bytes_ += input.bytes;
    return;
  }
  if (input.bytes > 0 || has_ended_) deadlines_.note_activity(now);
  parser_.commit(input.bytes);
}

bool ServerSession::may_take() const {
  return !is_stopped_ && !turn_is_over() && queue_.size() < options_.max_pipelined &&
         output_.unsent().size() + queue_.held_bytes() < options_.max_unsent_bytes;
}

// -- requests -----------------------------------------------------------------------------------

ServerSession::Step ServerSession::next_request() {
  all_taken_ = false;
  if (!may_take()) return Step::none;
  switch (parser_.next()) {
    case RequestParser::Step::need_more:
      break;
    case RequestParser::Step::request:
      open_request();
      return Step::request;
    case RequestParser::Step::rejected:
      ++counters_.bad_requests;
      return Step::bad_request;
  }
  all_taken_ = true;
  note_request_time();
  return Step::none;
}

void ServerSession::open_request() {
  ++turn_requests_;
  ++counters_.requests;
  deadlines_.end_request();
  said_continue_ = false;
  const bool keep = parser_.keep_alive() && !is_draining_;
  if (!keep) is_stopped_ = true;
  sequence_ = queue_.open({.without_body = request().method == Method::head,
                           .close = !keep,
                           .say_keep_alive = keep && parser_.is_http_1_0()});
}

// The time limit of a request runs from its first byte, not from when the one before was answered.
void ServerSession::note_request_time() {
  parser_.mid_request() ? deadlines_.begin_request() : deadlines_.end_request();
}

// The 100 goes out in the order of the responses, too; until then the client is not being slow.
void ServerSession::say_continue(platform::Instant now) {
  if (is_stopped_ || said_continue_ || !parser_.awaits_continue()) return;
  deadlines_.end_request();
  if (!queue_.empty()) return;
  output_.target() += "HTTP/1.1 100 Continue\r\n\r\n";
  said_continue_ = true;
  deadlines_.restart_request(now);
}

// -- responses ----------------------------------------------------------------------------------

void ServerSession::respond(std::uint64_t sequence, const Response& response,
                            std::string_view date) {
  queue_.respond(sequence, response, date, output_.target());
}

void ServerSession::reject(const Problem& problem, std::string_view date) {
  is_stopped_ = true;
  static constexpr std::array retry_after{Field{.name = "Retry-After", .value = "1"}};
  const bool may_retry = problem.status == 503;
  const std::string body = to_json(problem);
  respond(queue_.open({.close = true}),
          {.status = problem.status,
           .content_type = problem_content_type,
           .body = body,
           .fields = may_retry ? std::span<const Field>{retry_after} : std::span<const Field>{}},
          date);
}

void ServerSession::reject_late_request(std::string_view date) {
  deadlines_.end_request();
  ++counters_.bad_requests;
  reject(to_problem(Rejection::timed_out), date);
}

void ServerSession::watch(std::uint64_t sequence, ResponseSink::Ended ended) {
  queue_.watch(sequence, std::move(ended));
}

void ServerSession::sent(std::size_t bytes, platform::Instant now) {
  deadlines_.note_activity(now);
  output_.consume(bytes);
}

// -- the end ------------------------------------------------------------------------------------

ServerSession::Next ServerSession::settle(platform::Instant now) {
  if (is_draining_ && !parser_.mid_request()) {
    is_stopped_ = true;
    queue_.close_last();
  }
  const bool all_sent = queue_.empty() && output_.empty();
  if (all_sent && has_ended_) return Next::close;
  if (is_lingering_) return lingered_bytes_ > max_linger_bytes ? Next::close : Next::go_on;
  if (all_sent && is_stopped_) {
    is_lingering_ = true;
    deadlines_.begin_linger(now);
    parser_.drop_input();
    return Next::linger;
  }
  // We do not let the request come, so its time does not run.
  if (!may_read()) deadlines_.end_request();
  return Next::go_on;
}

ServerDeadlines::Deadline ServerSession::deadline() const {
  return deadlines_.next(!output_.empty(), !queue_.empty());
}

}  // namespace payswitch::http
