#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "http/client.h"
#include "http/input_buffer.h"

namespace payswitch::http {

// What Beast's parser reports of one response. Of the fields only Content-Type is kept.
class ResponseEvents final : public boost::beast::http::basic_parser<false> {
 public:
  // The text goes into the caller's strings, which keep their memory from response to response.
  ResponseEvents(std::string& content_type, std::string& body);

  unsigned status() const { return status_; }
  bool says_close() const { return says_close_; }

 private:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, View, View, int, Error&) override {}
  void on_response_impl(int code, View reason, int version, Error& error) override;
  void on_field_impl(boost::beast::http::field name, View name_text, View value,
                     Error& error) override;
  void on_header_impl(Error&) override { header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View body, Error&) override;
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Error&) override;
  void on_finish_impl(Error&) override {}

  std::string& content_type_;
  std::string& body_;
  unsigned status_ = 0;
  int content_lengths_ = 0;
  bool says_close_ = false;
  bool header_done_ = false;
};

// Bytes in, one response out; no socket. Interim responses (1xx) are passed over. What could be
// understood in two ways is garbled: the payment is then asked for again, which is always safe.
//
//   start(), then read into prepare(), commit() and next() until it says response or garbled; at
//   the end of the input, finish().
class ResponseParser {
 public:
  enum class Step : std::uint8_t {
    need_more,
    response,  // response() is whole
    garbled,   // not an HTTP response, or beyond the limits
    cut,       // the input ended inside the response, or before it
  };

  // `max_response_bytes` counts all that comes back, as it comes: interim responses and framing
  // too.
  explicit ResponseParser(std::size_t max_response_bytes);
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // The response to a HEAD has no body, whatever it says.
  void start(bool to_head);

  std::span<char> prepare() { return buffer_.prepare(); }
  void commit(std::size_t count) { buffer_.commit(count); }

  Step next();
  // The other side has closed. need_more is not among the outcomes.
  Step finish();

  // Valid from Step::response until start().
  IncomingResponse response() const;

  // Both sides mean to keep the connection, and nothing came after the response.
  bool reusable() const;

 private:
  static constexpr int max_interim_responses = 8;

  void start_message();
  bool may_want_more() const;
  bool is_interim() const { return events_->status() < 200; }

  const std::size_t max_response_bytes_;
  InputBuffer buffer_;
  std::string content_type_;
  std::string body_;
  std::optional<ResponseEvents> events_;
  std::size_t taken_bytes_ = 0;
  int interim_responses_ = 0;
  bool to_head_ = false;
  bool input_ended_ = false;
};

}  // namespace payswitch::http
