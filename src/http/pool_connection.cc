#include "http/pool_connection.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

#include "http/render.h"

namespace payswitch::http {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

// Their trouble or ours? Ours says nothing of the other side.
ConnectFailure to_failure(error_code error) {
  using namespace boost::system::errc;
  const auto ours = {too_many_files_open, too_many_files_open_in_system, no_buffer_space,
                     not_enough_memory, address_not_available};
  for (const auto code : ours) {
    if (error == code) return ConnectFailure::ours;
  }
  return ConnectFailure::theirs;
}

}  // namespace

PoolConnection::PoolConnection(PoolConnectionOwner& owner, boost::asio::io_context& context,
                               world::Timers& timers, const ClientOptions& options,
                               std::uint32_t slot)
    : owner_(owner),
      timers_(timers),
      connect_timeout_(options.connect_timeout),
      slot_(slot),
      socket_(context),
      parser_(options.max_answer_bytes) {}

PoolConnection::~PoolConnection() {
  assert(connect_timer_ == world::TimerId::none);
}

// -- connecting
// ------------------------------------------------------------------------------------

void PoolConnection::open() {
  connect_timer_ = timers_.after(connect_timeout_, [this] {
    connect_timer_ = world::TimerId::none;
    on_connect_timeout();
  });
}

void PoolConnection::connect(Endpoints endpoints) {
  assert(state_ == State::resolving && !endpoints.empty());
  state_ = State::connecting;
  endpoints_ = std::move(endpoints);
  try_next_endpoint();
}

// Asio can walk the list itself, but then hides that a socket could not be opened.
void PoolConnection::try_next_endpoint() {
  const tcp::endpoint& endpoint = endpoints_[endpoints_tried_++];
  error_code error;
  socket_.close(error);
  socket_.open(endpoint.protocol(), error);
  auto then = [self = shared_from_this()](error_code outcome) { self->on_connected(outcome); };
  if (!error) return socket_.async_connect(endpoint, std::move(then));
  boost::asio::post(socket_.get_executor(), [error, then = std::move(then)] { then(error); });
}

void PoolConnection::on_connected(error_code error) {
  if (state_ != State::connecting) return;
  if (!error && is_connected_to_itself()) error = boost::asio::error::connection_refused;
  if (error && endpoints_tried_ < endpoints_.size()) return try_next_endpoint();
  if (error) return fail_to_connect(to_failure(error));
  timers_.cancel(std::exchange(connect_timer_, world::TimerId::none));
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  state_ = State::idle;
  await_input();
  owner_.connected(*this);
}

// A port that nobody listens on may be the one that the kernel picks for our own end: then TCP
// joins the socket to itself, and we would read our request as the answer.
bool PoolConnection::is_connected_to_itself() const {
  error_code ignored;
  return socket_.local_endpoint(ignored) == socket_.remote_endpoint(ignored);
}

void PoolConnection::on_connect_timeout() {
  fail_to_connect(state_ == State::resolving ? ConnectFailure::ours : ConnectFailure::theirs);
}

void PoolConnection::fail_to_connect(ConnectFailure failure) {
  const auto self = shared_from_this();
  close();
  owner_.not_connected(*this, failure);
}

void PoolConnection::close() {
  state_ = State::closed;
  timers_.cancel(std::exchange(connect_timer_, world::TimerId::none));
  error_code ignored;
  socket_.close(ignored);
}

Client::Done PoolConnection::abandon() {
  close();
  return std::exchange(done_, nullptr);
}

// -- between exchanges
// -----------------------------------------------------------------------------

void PoolConnection::hold() {
  assert(state_ == State::idle);
  state_ = State::held;
}

bool PoolConnection::release() {
  if (state_ == State::held && !retired_) {
    state_ = State::idle;
    return true;
  }
  close();
  return false;
}

void PoolConnection::await_input() {
  if (std::exchange(awaiting_input_, true)) return;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
    self->awaiting_input_ = false;
    self->on_readable(error);
  });
}

void PoolConnection::on_readable(error_code error) {
  if (state_ == State::closed) return;
  if (state_ == State::exchanging) return error ? fail(Failure::cut) : read_answer();
  if (!error && is_quiet()) return await_input();
  const bool was_idle = state_ == State::idle;
  const auto self = shared_from_this();
  // One that is held stays in the pool's books until its holder lets go.
  close();
  if (was_idle) owner_.died(*this);
}

// Nothing has come, not even the end.
bool PoolConnection::is_quiet() {
  std::array<char, 1> byte;
  error_code error;
  socket_.receive(boost::asio::buffer(byte), Socket::message_peek, error);
  return error == boost::asio::error::would_block;
}

// -- an exchange
// -----------------------------------------------------------------------------------

bool PoolConnection::send(const OutgoingRequest& request, std::string_view host,
                          Client::Done& done) {
  if (state_ != State::held || retired_ || !is_quiet()) {
    close();
    return false;
  }
  state_ = State::exchanging;
  done_ = std::move(done);
  parser_.start(request.method == Method::head);
  output_.clear();
  sent_ = 0;
  append_request(output_, request, host);
  write();
  return true;
}

// Called by send() too, so it must not end the exchange at once: after an error the wait for input
// ends, and finds the same.
void PoolConnection::write() {
  error_code error;
  sent_ += socket_.write_some(boost::asio::buffer(output_.data() + sent_, unsent()), error);
  if (error && error != boost::asio::error::would_block) {
    socket_.shutdown(Socket::shutdown_both, error);
    return;
  }
  if (unsent() == 0 || awaiting_write_) return;
  awaiting_write_ = true;
  socket_.async_wait(Socket::wait_write,
                     [self = shared_from_this()](error_code failed) { self->on_writable(failed); });
}

void PoolConnection::on_writable(error_code error) {
  awaiting_write_ = false;
  if (state_ != State::exchanging || error) return;
  write();
}

void PoolConnection::read_answer() {
  const auto room = parser_.prepare();
  error_code error;
  const std::size_t count = socket_.read_some(boost::asio::buffer(room.data(), room.size()), error);
  if (error == boost::asio::error::would_block) return await_input();
  if (error == boost::asio::error::eof) return conclude(parser_.finish());
  if (error) return fail(Failure::cut);
  parser_.commit(count);
  conclude(parser_.next());
}

void PoolConnection::conclude(AnswerParser::Step step) {
  switch (step) {
    case AnswerParser::Step::need_more:
      return await_input();
    case AnswerParser::Step::cut:
      return fail(Failure::cut);
    case AnswerParser::Step::garbled:
      return fail(Failure::garbled);
    case AnswerParser::Step::answer:
      break;
  }
  const auto self = shared_from_this();
  // An answer to a request that has not left us whole leaves the rest of it in between.
  const bool keep = parser_.reusable() && unsent() == 0 && !retired_;
  if (!keep) close();
  owner_.exchange_over(*this);
  std::exchange(done_, nullptr)(parser_.answer());
  if (keep && state_ == State::exchanging) {
    state_ = State::idle;
    await_input();
    return owner_.reusable(*this);
  }
  owner_.used_up(*this);
}

void PoolConnection::fail(Failure failure) {
  const auto self = shared_from_this();
  close();
  owner_.exchange_over(*this);
  std::exchange(done_, nullptr)(std::unexpected(failure));
  owner_.used_up(*this);
}

}  // namespace payswitch::http
