#include "http/server_connection.h"

#include <array>
#include <cassert>
#include <utility>

#include "http/problem.h"

namespace payswitch::http {

Connection::Connection(ConnectionOwner& owner, Poller& poller, int descriptor)
    : owner_(owner),
      parser_({.max_header_bytes = owner.options().max_header_bytes,
               .max_body_bytes = owner.options().max_body_bytes}),
      last_active_(owner.clock().now()) {
  if (socket_.open(poller, descriptor, *this) != 0) return;
  socket_.set_no_delay();
  socket_.set_send_buffer(max_kernel_unsent_bytes);
}

Connection::~Connection() {
  assert(timer_ == platform::TimerId::none);
}

void Connection::start() {
  settle();
}

void Connection::turn_away(Rejection rejection) {
  reject(rejection);
  write();
  settle();
}

void Connection::drain() {
  draining_ = true;
  if (closed_ || lingering_ || running_) return;
  const bool idle = queue_.empty() && unsent().empty() && !parser_.mid_request();
  idle ? close() : settle();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  owner_.timers().cancel(std::exchange(timer_, platform::TimerId::none));
  socket_.close();
  tell_of_the_end();
  owner_.closed(*this);
}

// Also while we do not read: requests that wait must not hold what others need.
void Connection::tell_of_the_end() {
  for (auto& ended : queue_.take_watchers()) ended();
}

// -- requests in
// -----------------------------------------------------------------------------------

void Connection::run() {
  assert(!running_);
  running_ = true;
  all_taken_ = take_requests();
  say_continue();
  running_ = false;
  write();
  if (turn_is_over()) socket_.be_ready_again();
  settle();
}

// False: it stopped because a limit was reached.
bool Connection::take_requests() {
  while (may_take()) {
    switch (parser_.next()) {
      case RequestParser::Step::need_more:
        note_request_time();
        return true;
      case RequestParser::Step::request:
        dispatch();
        break;
      case RequestParser::Step::rejected:
        ++owner_.counters().bad_requests;
        reject(parser_.problem());
        break;
    }
  }
  return false;
}

void Connection::dispatch() {
  ++turn_requests_;
  request_began_.reset();
  continue_said_ = false;
  const Request& request = parser_.request();
  const bool keep = parser_.keep_alive() && !draining_;
  if (!keep) stopped_ = true;
  const auto sequence = queue_.open({.without_body = request.method == Method::head,
                                     .close = !keep,
                                     .say_keep_alive = keep && parser_.is_http_1_0()});
  ++owner_.counters().requests;
  owner_.handle(request, Responder{shared_from_this(), sequence});
}

void Connection::reject(Rejection rejection) {
  reject(to_problem(rejection));
}

void Connection::reject(const Problem& problem) {
  stopped_ = true;
  static constexpr std::array retry_after{Field{.name = "Retry-After", .value = "1"}};
  const bool may_retry = problem.status == 503;
  const auto sequence = queue_.open({.close = true});
  const std::string body = to_json(problem);
  queue_.answer(
      sequence,
      {.status = problem.status,
       .content_type = problem_content_type,
       .body = body,
       .fields = may_retry ? std::span<const Field>{retry_after} : std::span<const Field>{}},
      owner_.date(), output_);
}

// The time limit of a request runs from its first byte, not from when the one before was answered.
void Connection::note_request_time() {
  if (!parser_.mid_request()) {
    request_began_.reset();
  } else if (!request_began_) {
    request_began_ = last_active_;
  }
}

// The 100 goes out in the order of the responses, too. Meanwhile the client is not being slow.
void Connection::say_continue() {
  if (stopped_ || continue_said_ || !parser_.awaits_continue()) return;
  request_began_.reset();
  if (!queue_.empty()) return;
  output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  continue_said_ = true;
  request_began_ = owner_.clock().now();
}

bool Connection::may_take() const {
  const ServerOptions& options = owner_.options();
  return !closed_ && !stopped_ && !turn_is_over() && !queue_.ended() &&
         queue_.size() < options.max_pipelined &&
         unsent().size() + queue_.held_bytes() < options.max_unsent_bytes;
}

bool Connection::may_read() const {
  return may_take() && !input_ended_;
}

std::span<char> Connection::room() {
  return wants_to_read() ? parser_.prepare() : std::span<char>{};
}

void Connection::on_ready() {
  const auto self = shared_from_this();
  turn_requests_ = 0;
  if (socket_.has_read() || lingering_ || wants_to_read()) read();
  if (!closed_ && !lingering_) run();
  if (!closed_ && client_has_ended()) tell_of_the_end();
}

void Connection::read() {
  if (!socket_.is_readable()) return;
  const auto [status, count] = socket_.read(parser_.prepare());
  switch (status) {
    case Socket::Status::blocked:
      return;
    case Socket::Status::failed:
      return close();
    case Socket::Status::ended:
      input_ended_ = true;
      break;
    case Socket::Status::done:
      break;
  }
  if (lingering_) return discard(count);
  last_active_ = owner_.clock().now();
  parser_.commit(count);
}

// -- answers out
// -----------------------------------------------------------------------------------

void Connection::answer(std::uint64_t sequence, const Response& response) {
  if (closed_ || lingering_) return;
  queue_.answer(sequence, response, owner_.date(), output_);
  if (running_) return;
  write();
  if (queue_.ended() && unsent().empty()) socket_.be_ready_again();
}

bool Connection::when_client_ends(std::uint64_t sequence, Ended ended) {
  if (client_has_ended() || lingering_) return false;
  queue_.watch(sequence, std::move(ended));
  return true;
}

void Connection::write() {
  if (!closed_ && !unsent().empty()) socket_.write_soon();
}

void Connection::on_written(std::size_t bytes) {
  const auto self = shared_from_this();
  last_active_ = owner_.clock().now();
  sent_ += bytes;
  if (unsent().empty()) {
    sent_ = 0;
    output_.clear();
    if (output_.capacity() > max_kept_output) output_.shrink_to_fit();
  }
  run();
}

// -- what comes next
// -------------------------------------------------------------------------------

void Connection::settle() {
  if (closed_) return;
  if (draining_ && !parser_.mid_request()) {
    stopped_ = true;
    queue_.close_last();
  }
  const bool all_sent = unsent().empty();
  if (queue_.ended() && all_sent) return close();
  const bool last_answer_sent = queue_.empty() && all_sent;
  if (last_answer_sent && input_ended_) return close();
  if (last_answer_sent && stopped_ && !lingering_) linger();
  if (lingering_ || may_read()) {
    if (socket_.is_readable()) socket_.be_ready_again();
  } else {
    // We do not let the request come, so its time does not run.
    request_began_.reset();
  }
  watch_deadline();
}

void Connection::linger() {
  lingering_ = true;
  linger_until_ = owner_.clock().now() + max_linger;
  socket_.shutdown_send();
  parser_.drop_input();
}

void Connection::discard(std::size_t count) {
  lingered_bytes_ += count;
  if (input_ended_ || lingered_bytes_ > max_linger_bytes) return close();
  parser_.drop_input();
  if (socket_.is_readable()) socket_.be_ready_again();
}

// -- time limits
// -----------------------------------------------------------------------------------

Connection::Deadline Connection::deadline() const {
  const ServerOptions& options = owner_.options();
  if (lingering_) return {Limit::linger, linger_until_};
  if (request_began_) return {Limit::request, *request_began_ + options.read_timeout};
  if (!unsent().empty()) return {Limit::write, last_active_ + options.idle_timeout};
  if (queue_.empty()) return {Limit::idle, last_active_ + options.idle_timeout};
  return {};
}

// One timer a connection, set anew only when the deadline comes nearer: in a steady stream of
// requests it moves away with each and costs nothing.
void Connection::watch_deadline() {
  const Deadline next = deadline();
  if (next.limit == Limit::none) return;
  if (timer_ != platform::TimerId::none) {
    if (timer_at_ <= next.at) return;
    owner_.timers().cancel(timer_);
  }
  timer_at_ = next.at;
  timer_ = owner_.timers().after(next.at - owner_.clock().now(), [this] { on_timer(); });
}

void Connection::on_timer() {
  timer_ = platform::TimerId::none;
  const auto self = shared_from_this();
  const Deadline due = deadline();
  if (due.limit == Limit::none) return;
  if (owner_.clock().now() < due.at) return watch_deadline();
  on_deadline(due.limit);
}

void Connection::on_deadline(Limit limit) {
  if (limit != Limit::request) return close();
  request_began_.reset();
  ++owner_.counters().bad_requests;
  turn_away(Rejection::timed_out);
}

}  // namespace payswitch::http
