#include <ares.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "platform/linux/real.h"

// How this works. A look-up is a channel of c-ares of its own, so that none waits for another and
// the system's files are read anew. c-ares says which of its sockets it wants to read or write
// (watch()); we wait for them on the loop and tell it (process()), and after each telling ask when
// it wants to be woken (set_timer()). It may answer at once, or from within any call to it; then
// the answer is posted, and the channel goes when that has been delivered.
namespace payswitch::platform {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

bool lacks_descriptors() {
  const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
  ::close(probe);
  return false;
}

std::optional<std::string> text_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)).to_string();
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes, v6.sin6_scope_id).to_string();
  }
  return std::nullopt;
}

class LookUp final : public std::enable_shared_from_this<LookUp> {
 public:
  using Over = std::function<void(const std::shared_ptr<LookUp>&)>;

  LookUp(asio::io_context& context, Resolver::Done done, Over over)
      : context_(context), timer_(context), limit_(context), done_(std::move(done)), over_(over) {}
  ~LookUp() { cancel(); }

  void start(const std::string& name, const ResolverOptions& options);

  // No callback is called any more.
  void cancel() {
    done_ = nullptr;
    if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
    sockets_.clear();
    timer_.cancel();
    limit_.cancel();
  }

 private:
  struct Watched {
    explicit Watched(asio::io_context& context) : descriptor(context) {}
    asio::posix::stream_descriptor descriptor;  // of c-ares, which closes it
    bool wants_read = false;
    bool wants_write = false;
  };

  int open_channel(const ResolverOptions& options);
  void watch(int socket, bool reads, bool writes);
  void wait(const std::shared_ptr<Watched>& watched, bool for_reading);
  void process(int readable, int writable);
  void set_timer();
  void answered(int status, ares_addrinfo* found);
  void deliver(std::expected<Addresses, NoAddress> found);

  asio::io_context& context_;
  ares_channel channel_ = nullptr;
  std::unordered_map<int, std::shared_ptr<Watched>> sockets_;
  asio::steady_timer timer_;
  asio::steady_timer limit_;
  Resolver::Done done_;
  Over over_;
};

int LookUp::open_channel(const ResolverOptions& options) {
  ares_options wanted{};
  wanted.timeout = static_cast<int>(options.first_try / std::chrono::milliseconds(1));
  wanted.tries = options.tries;
  wanted.sock_state_cb_data = this;
  wanted.sock_state_cb = [](void* self, ares_socket_t socket, int reads, int writes) {
    static_cast<LookUp*>(self)->watch(socket, reads != 0, writes != 0);
  };
  const int status = ares_init_options(
      &channel_, &wanted, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (status != ARES_SUCCESS || options.servers.empty()) return status;
  return ares_set_servers_ports_csv(channel_, options.servers.c_str());
}

void LookUp::start(const std::string& name, const ResolverOptions& options) {
  if (const int status = open_channel(options); status != ARES_SUCCESS) {
    return answered(status, nullptr);
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(
      channel_, name.c_str(), nullptr, &hints,
      [](void* self, int status, int, ares_addrinfo* found) {
        static_cast<LookUp*>(self)->answered(status, found);
      },
      this);
  set_timer();
  limit_.expires_after(options.limit);
  limit_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!error && self && self->channel_ != nullptr) ares_cancel(self->channel_);
  });
}

// Called by c-ares, also from within ares_destroy().
void LookUp::watch(int socket, bool reads, bool writes) {
  if (!reads && !writes) {
    // Now, and not when the last one who knows it lets go: by then its number may be another's.
    if (const auto over = sockets_.extract(socket)) over.mapped()->descriptor.release();
    return;
  }
  auto& watched = sockets_[socket];
  if (!watched) {
    watched = std::make_shared<Watched>(context_);
    error_code error;
    watched->descriptor.assign(socket, error);
    if (error) {  // what it waits for will not come in time
      sockets_.erase(socket);
      return;
    }
  }
  if (reads && !std::exchange(watched->wants_read, reads)) wait(watched, true);
  if (writes && !std::exchange(watched->wants_write, writes)) wait(watched, false);
  watched->wants_read = reads;
  watched->wants_write = writes;
}

void LookUp::wait(const std::shared_ptr<Watched>& watched, bool for_reading) {
  using asio::posix::descriptor_base;
  watched->descriptor.async_wait(
      for_reading ? descriptor_base::wait_read : descriptor_base::wait_write,
      [weak = weak_from_this(), weakly_watched = std::weak_ptr(watched),
       for_reading](error_code error) {
        const auto self = weak.lock();
        const auto still_watched = weakly_watched.lock();
        if (error || !self || !still_watched) return;
        const int socket = still_watched->descriptor.native_handle();
        self->process(for_reading ? socket : ARES_SOCKET_BAD,
                      for_reading ? ARES_SOCKET_BAD : socket);
        if (!still_watched->descriptor.is_open()) return;
        if (for_reading ? still_watched->wants_read : still_watched->wants_write) {
          self->wait(still_watched, for_reading);
        }
      });
}

void LookUp::process(int readable, int writable) {
  if (channel_ == nullptr) return;
  ares_process_fd(channel_, readable, writable);
  set_timer();
}

void LookUp::set_timer() {
  if (channel_ == nullptr) return;
  timeval room{};
  const timeval* const next = ares_timeout(channel_, nullptr, &room);
  if (next == nullptr) return;
  timer_.expires_after(std::chrono::seconds(next->tv_sec) +
                       std::chrono::microseconds(next->tv_usec));
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

// Called by c-ares: from within a call of ours to it.
void LookUp::answered(int status, ares_addrinfo* found) {
  Addresses addresses;
  for (const auto* node = found == nullptr ? nullptr : found->nodes; node != nullptr;
       node = node->ai_next) {
    if (auto address = text_of(*node->ai_addr)) addresses.push_back(*std::move(address));
  }
  if (found != nullptr) ares_freeaddrinfo(found);
  if (!done_) return;  // cancelled
  if (!addresses.empty()) return deliver(std::move(addresses));
  const bool is_ours = status == ARES_ENOMEM || status == ARES_EFILE || lacks_descriptors();
  deliver(std::unexpected(NoAddress{
      status == ARES_ECANCELLED ? "no answer of a name server in time" : ares_strerror(status),
      is_ours}));
}

void LookUp::deliver(std::expected<Addresses, NoAddress> found) {
  asio::post(context_, [weak = weak_from_this(), found = std::move(found)]() mutable {
    const auto self = weak.lock();
    if (!self || !self->done_) return;
    Resolver::Done done = std::move(self->done_);
    self->cancel();
    self->over_(self);
    done(std::move(found));
  });
}

class RealResolver final : public Resolver {
 public:
  RealResolver(asio::io_context& context, const ResolverOptions& options)
      : context_(context), options_(options) {
    const int status = ares_library_init(ARES_LIB_INIT_ALL);
    assert(status == ARES_SUCCESS);
  }
  ~RealResolver() override {
    for (const auto& look_up : under_way_) look_up->cancel();
    under_way_.clear();
    ares_library_cleanup();
  }

  void look_up(const std::string& name, Done done) override {
    const auto look_up = std::make_shared<LookUp>(
        context_, std::move(done),
        [this](const std::shared_ptr<LookUp>& over) { under_way_.erase(over); });
    under_way_.insert(look_up);
    look_up->start(name, options_);
  }

 private:
  asio::io_context& context_;
  const ResolverOptions options_;
  std::unordered_set<std::shared_ptr<LookUp>> under_way_;
};

}  // namespace

std::unique_ptr<Resolver> make_real_resolver(asio::io_context& context,
                                             const ResolverOptions& options) {
  return std::make_unique<RealResolver>(context, options);
}

}  // namespace payswitch::platform
