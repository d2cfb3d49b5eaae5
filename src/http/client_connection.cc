#include "http/client_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cassert>
#include <cerrno>
#include <utility>

#include "http/render.h"

namespace payswitch::http {

using boost::asio::ip::tcp;

namespace {

// Their trouble or ours? Ours says nothing of the other side.
ConnectFailure to_failure(int error) {
  constexpr std::array ours{EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EADDRNOTAVAIL};
  return std::ranges::find(ours, error) != ours.end() ? ConnectFailure::ours
                                                      : ConnectFailure::theirs;
}

// A port without a listener may be the one that the kernel picks for our own end: then TCP
// joins the socket to itself, and we would read our request as the response.
bool is_connected_to_itself(int descriptor) {
  tcp::endpoint here;
  tcp::endpoint there;
  socklen_t here_size = static_cast<socklen_t>(here.capacity());
  socklen_t there_size = static_cast<socklen_t>(there.capacity());
  return ::getsockname(descriptor, here.data(), &here_size) == 0 &&
         ::getpeername(descriptor, there.data(), &there_size) == 0 && here == there;
}

}  // namespace

ClientConnection::ClientConnection(ClientConnectionOwner& owner, boost::asio::io_context& context,
                                   net::Poller& poller, platform::Timers& timers,
                                   const ClientOptions& options, std::uint32_t slot)
    : owner_(owner),
      context_(context),
      poller_(poller),
      timers_(timers),
      connect_timeout_(options.connect_timeout),
      slot_(slot),
      parser_(options.max_response_bytes) {}

ClientConnection::~ClientConnection() {
  assert(connect_timer_ == platform::TimerId::none);
}

// -- connecting ---------------------------------------------------------------------------------

void ClientConnection::open() {
  connect_timer_ = timers_.after(connect_timeout_, [this] {
    connect_timer_ = platform::TimerId::none;
    fail_to_connect(ConnectFailure::theirs);
  });
}

void ClientConnection::connect(Endpoints endpoints) {
  assert(state_ == State::resolving && !endpoints.empty());
  state_ = State::connecting;
  endpoints_ = std::move(endpoints);
  try_next_endpoint();
}

void ClientConnection::try_next_endpoint() {
  const tcp::endpoint& endpoint = endpoints_[endpoints_tried_++];
  socket_.close();
  const int error = socket_.connect(poller_, *endpoint.data(), endpoint.size(), *this);
  if (error == 0) return;
  boost::asio::post(context_, [self = shared_from_this(), error] { self->on_connected(error); });
}

void ClientConnection::on_connected(int error) {
  if (state_ != State::connecting) return;
  if (error == 0 && is_connected_to_itself(socket_.descriptor())) error = ECONNREFUSED;
  if (error != 0 && endpoints_tried_ < endpoints_.size()) return try_next_endpoint();
  if (error != 0) return fail_to_connect(to_failure(error));
  timers_.cancel(std::exchange(connect_timer_, platform::TimerId::none));
  socket_.set_no_delay();
  state_ = State::idle;
  owner_.connected(*this);
}

void ClientConnection::fail_to_connect(ConnectFailure failure) {
  const auto self = shared_from_this();
  close();
  owner_.not_connected(*this, failure);
}

void ClientConnection::close() {
  state_ = State::closed;
  timers_.cancel(std::exchange(connect_timer_, platform::TimerId::none));
  socket_.close();
}

Client::Done ClientConnection::abandon() {
  close();
  return std::exchange(done_, nullptr);
}

// -- between exchanges --------------------------------------------------------------------------

void ClientConnection::hold() {
  assert(state_ == State::idle);
  state_ = State::held;
}

bool ClientConnection::release() {
  if (state_ == State::held && !retired_) {
    state_ = State::idle;
    return true;
  }
  close();
  return false;
}

// One that is held stays in the pool's books until its holder lets go.
void ClientConnection::on_stray_input() {
  if (state_ == State::exchanging) return fail(Failure::not_sent);
  const bool was_idle = state_ == State::idle;
  close();
  if (was_idle) owner_.died(*this);
}

// -- an exchange --------------------------------------------------------------------------------

bool ClientConnection::send(const OutgoingRequest& request, std::string_view host,
                            Client::Done& done) {
  poller_.look_again();
  if (state_ != State::held || retired_ || !socket_.is_quiet()) {
    close();
    return false;
  }
  state_ = State::exchanging;
  done_ = std::move(done);
  parser_.start(request.method == Method::head);
  output_.clear();
  sent_ = 0;
  append_request(output_, request, host);
  socket_.write_soon();
  return true;
}

void ClientConnection::on_sent(std::size_t bytes) {
  sent_ += bytes;
  if (!unsent().empty()) socket_.write_soon();
}

// The response may have come before the error.
void ClientConnection::on_send_failed() {
  if (!awaits_response()) fail(Failure::cut);
}

void ClientConnection::on_input(net::Input input) {
  const auto self = shared_from_this();
  if (!awaits_response()) return on_stray_input();
  switch (input.state) {
    case net::Input::State::broken:
      return fail(Failure::cut);
    case net::Input::State::ended:
      return conclude(parser_.finish());
    case net::Input::State::open:
    case net::Input::State::ending:
      parser_.commit(input.bytes);
      return conclude(parser_.next());
  }
}

void ClientConnection::conclude(ResponseParser::Step step) {
  switch (step) {
    case ResponseParser::Step::need_more:
      return;
    case ResponseParser::Step::cut:
      return fail(Failure::cut);
    case ResponseParser::Step::garbled:
      return fail(Failure::garbled);
    case ResponseParser::Step::response:
      break;
  }
  const auto self = shared_from_this();
  // A response to a request that has not left us whole leaves the rest of it in between.
  const bool keep = parser_.reusable() && unsent().empty() && !retired_ && socket_.is_quiet();
  if (!keep) close();
  owner_.exchange_over(*this);
  std::exchange(done_, nullptr)(parser_.response());
  if (keep && state_ == State::exchanging) {
    state_ = State::idle;
    return owner_.reusable(*this);
  }
  owner_.used_up(*this);
}

void ClientConnection::fail(Failure failure) {
  const auto self = shared_from_this();
  close();
  owner_.exchange_over(*this);
  std::exchange(done_, nullptr)(std::unexpected(failure));
  owner_.used_up(*this);
}

}  // namespace payswitch::http
