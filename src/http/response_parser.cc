#include "http/response_parser.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <limits>

#include "http/ascii.h"
#include "http/chunked.h"

namespace payswitch::http {

namespace beast = boost::beast;

ResponseEvents::ResponseEvents(std::string& content_type, std::string& body)
    : content_type_(content_type), body_(body) {
  content_type_.clear();
  body_.clear();
}

void ResponseEvents::on_response_impl(int code, View, int, Error& error) {
  status_ = static_cast<unsigned>(code);
  // We never ask to switch protocols.
  if (code < 100 || code > 599 || code == 101) error = beast::http::error::bad_status;
}

void ResponseEvents::on_field_impl(beast::http::field name, View, View value, Error& error) {
  using beast::http::field;
  if (header_done_) return;  // a trailer
  if (name == field::content_type) content_type_.assign(value.data(), value.size());
  if (name == field::connection) {
    says_close_ = says_close_ || beast::http::token_list{value}.exists("close");
  }
  if (name == field::content_length && ++content_lengths_ > 1) {
    error = beast::http::error::multiple_content_length;
  }
  // Beast takes any list that ends in chunked, and reads to the end for any other coding.
  if (name == field::transfer_encoding && !equal_ignoring_case(value, "chunked")) {
    error = beast::http::error::bad_transfer_encoding;
  }
}

std::size_t ResponseEvents::on_body_impl(View body, Error&) {
  body_.append(body.data(), body.size());
  return body.size();
}

std::size_t ResponseEvents::on_chunk_body_impl(std::uint64_t, View body, Error&) {
  body_.append(body.data(), body.size());
  return body.size();
}

ResponseParser::ResponseParser(std::size_t max_response_bytes)
    : max_response_bytes_(max_response_bytes) {
  start(false);
}

void ResponseParser::start(bool to_head) {
  buffer_.consume(buffer_.size());
  taken_bytes_ = 0;
  interim_responses_ = 0;
  to_head_ = to_head;
  input_ended_ = false;
  start_message();
}

void ResponseParser::start_message() {
  events_.emplace(content_type_, body_);
  events_->skip(to_head_);
  // One limit counts everything, here; Beast's own stay out of the way.
  events_->header_limit(std::numeric_limits<std::uint32_t>::max());
  events_->body_limit(max_response_bytes_);
}

ResponseParser::Step ResponseParser::next() {
  for (;;) {
    if (events_->is_done()) {
      if (!is_interim()) return Step::response;
      if (++interim_responses_ > max_interim_responses) return Step::garbled;
      start_message();
    }
    const std::string_view window =
        buffer_.readable().substr(0, max_response_bytes_ - taken_bytes_);
    const bool in_chunks = events_->is_header_done() && events_->chunked();
    beast::error_code error = beast::http::error::need_more;
    std::size_t taken = 0;
    if (!window.empty() && (!in_chunks || window.size() >= min_chunked_rest)) {
      taken = events_->put({window.data(), window.size()}, error);
    }
    buffer_.consume(taken);
    taken_bytes_ += taken;
    if (!error) continue;
    if (error != beast::http::error::need_more) return Step::garbled;
    return may_want_more() ? Step::need_more : Step::garbled;
  }
}

// At the limit, only a response that ends with the connection can still turn out to be whole.
bool ResponseParser::may_want_more() const {
  if (taken_bytes_ + buffer_.size() < max_response_bytes_) return true;
  return buffer_.empty() && events_->is_header_done() && events_->need_eof();
}

ResponseParser::Step ResponseParser::finish() {
  input_ended_ = true;
  if (!events_->got_some()) return Step::cut;
  beast::error_code error;
  events_->put_eof(error);
  return error || is_interim() ? Step::cut : Step::response;
}

IncomingResponse ResponseParser::response() const {
  return {.status = events_->status(),
          .content_type = content_type_,
          .body = body_,
          .is_framed = !events_->need_eof()};
}

bool ResponseParser::reusable() const {
  return events_->is_done() && events_->keep_alive() && !events_->says_close() && buffer_.empty() &&
         !input_ended_;
}

}  // namespace payswitch::http
