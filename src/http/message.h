#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

// Plain messages: what the modules above know of HTTP. No sockets, no bytes on the wire.
namespace payswitch::http {

enum class Method : std::uint8_t { get, head, post, put, del, other };

std::string_view to_string(Method method);

struct Field {
  std::string_view name;
  std::string_view value;
};

// A request as it came in. All views die when the handler returns.
struct Request {
  Method method = Method::get;
  std::string_view path = {};   // as sent, without the query; not percent-decoded
  std::string_view query = {};  // after the '?', or empty
  std::span<const Field> fields = {};
  std::string_view body = {};  // whole; chunked or not

  // The value of the first field of that name (any case), or nullptr.
  const std::string_view* field(std::string_view name) const;
};

// A response to send. All views need to live only until the call that takes it returns.
struct Response {
  unsigned status = 200;
  std::string_view content_type = "application/json";  // empty: no such field
  std::string_view body = {};
  std::span<const Field> fields = {};  // beyond Content-Type, Content-Length, Connection and Date
};

// Where responses go. A server's connection is one, a virtual client another.
class ResponseSink {
 public:
  using Ended = std::move_only_function<void()>;

  virtual ~ResponseSink() = default;
  virtual void respond(std::uint64_t sequence, const Response& response) = 0;
  // See Responder::when_client_ends(). A client that is always there never ends.
  virtual bool when_client_ends(std::uint64_t /*sequence*/, Ended /*ended*/) { return true; }
};

// The right to respond to one request, once, now or later, from the loop thread. When the client
// has gone by then, the response is dropped. Destroying an unused one is a bug, except in shutdown.
class Responder {
 public:
  Responder(std::shared_ptr<ResponseSink> sink, std::uint64_t sequence)
      : sink_(std::move(sink)), sequence_(sequence) {}

  void operator()(const Response& response) {
    auto sink = std::move(sink_);
    sink->respond(sequence_, response);
  }

  // For a response that is made to wait: `ended` is called at most once, from the loop, and only
  // while the request is unanswered, when the client closes its connection, or will send no more.
  // The two look alike, so the request should then be answered with what is known. False: the
  // client has ended already, and `ended` is not called.
  bool when_client_ends(ResponseSink::Ended ended) {
    return sink_->when_client_ends(sequence_, std::move(ended));
  }

 private:
  std::shared_ptr<ResponseSink> sink_;
  std::uint64_t sequence_;
};

using Handler = std::function<void(const Request&, Responder)>;

std::string_view reason_phrase(unsigned status);

}  // namespace payswitch::http
