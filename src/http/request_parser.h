#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "http/input_buffer.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/request_events.h"

namespace payswitch::http {

// Bytes in, requests out; no socket (RFC 9112, read strictly: what two readers could understand in
// two ways is refused). In a steady stream of requests it allocates nothing.
//
//   read into prepare(), commit(), then next() until it says need_more or rejected.
class RequestParser {
 public:
  struct Limits {
    std::size_t max_header_bytes;  // request line and fields
    std::size_t max_body_bytes;    // decoded
  };

  enum class Step : std::uint8_t {
    need_more,  // all bytes have been looked at
    request,    // request() is whole
    rejected,   // problem() says why; nothing more can be read from this connection
  };

  explicit RequestParser(const Limits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  std::span<char> prepare() { return buffer_.prepare(); }
  void commit(std::size_t count) { buffer_.commit(count); }

  Step next();

  // Valid from Step::request until the next call of prepare() or next().
  const Request& request() const { return request_; }
  bool is_http_1_0() const { return events_->is_http_1_0(); }
  bool keep_alive() const { return events_->keep_alive() && !events_->says_close(); }

  const Problem& problem() const { return problem_; }

  // A request has begun and is not whole.
  bool mid_request() const { return !finished_ && !buffer_.empty(); }

  // The client waits for a 100 before it sends the body, which is not refused and not here yet.
  bool awaits_continue() const;

  // Forgets all bytes. Only for a connection from which no request will be read again.
  void drop_input() { buffer_.consume(buffer_.size()); }

 private:
  void start_next_request();
  bool skip_blank_line();
  Step parse_on();
  std::string_view unparsed_window() const;
  std::optional<Rejection> rejection_after(boost::beast::error_code error);
  Rejection classify(boost::beast::error_code code);
  Rejection classify_bad_length();
  bool request_line_lacks_a_version();
  std::optional<Rejection> judge_target();
  bool is_beyond_limits() const;
  void drop_chunk_framing();
  Step finish();
  Step reject(Rejection rejection);

  Limits limits_;
  InputBuffer buffer_;
  std::optional<RequestEvents> events_;
  std::size_t parsed_ = 0;         // bytes of the buffer that Beast has taken
  std::size_t header_bytes_ = 0;   // 0 until the header is whole
  std::size_t chunked_bytes_ = 0;  // of the body as sent, with its framing
  bool blank_line_skipped_ = false;
  bool finished_ = false;
  bool rejected_ = false;
  const char* complaint_ = "";
  Problem problem_;
  Request request_;
  std::vector<Field> fields_;
};

}  // namespace payswitch::http
