#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <limits>

#include "http/ascii.h"
#include "http/chunked.h"
#include "http/rejection.h"
#include "http/target.h"

namespace payswitch::http {
namespace {

namespace beast = boost::beast;

// One-byte chunks carry five bytes of framing for each byte of body. More than this is an attack.
constexpr std::size_t max_chunked_expansion = 8;

bool names_a_version(std::string_view text) {
  return text.size() >= 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

// Beast says bad_version both for HTTP/2.0 and for what is no version at all.
bool has_unknown_version(std::string_view request_line) {
  const auto first = request_line.find(' ');
  const auto second = first == std::string_view::npos ? first : request_line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const std::string_view version = request_line.substr(second + 1);
  return names_a_version(version) && !version.starts_with("HTTP/1.0") &&
         !version.starts_with("HTTP/1.1");
}

// Of a request whose header is not whole: its first line is, and names no version (HTTP/0.9 has
// none). Beast looks at a line only when the header has ended, and such a client sends no more.
bool lacks_a_version(std::string_view header) {
  const std::string_view line = header.substr(0, header.find('\n'));
  if (line.size() == header.size()) return false;
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  return second == std::string_view::npos || !names_a_version(line.substr(second + 1));
}

}  // namespace

RequestParser::RequestParser(const Limits& limits) : limits_(limits) {
  events_.emplace(RequestEvents::Memory{});
  start_next_request();
}

void RequestParser::start_next_request() {
  buffer_.consume(parsed_);
  parsed_ = header_bytes_ = chunked_bytes_ = 0;
  blank_line_skipped_ = finished_ = false;
  auto memory = events_->release_memory();
  events_.emplace(std::move(memory));
  events_->body_limit(limits_.max_body_bytes);
  // The header is limited here: Beast counts each field from its own beginning.
  events_->header_limit(std::numeric_limits<std::uint32_t>::max());
}

RequestParser::Step RequestParser::next() {
  if (rejected_) return Step::rejected;
  if (finished_) start_next_request();
  if (!skip_blank_line()) return Step::need_more;
  return parse_on();
}

// RFC 9112 section 2.2: one empty line before a request is forgiven. False: not known yet.
bool RequestParser::skip_blank_line() {
  if (blank_line_skipped_ || parsed_ > 0) return true;
  const std::string_view bytes = buffer_.readable();
  if (bytes.empty() || bytes == "\r") return false;
  if (bytes.starts_with("\r\n")) buffer_.consume(2);
  blank_line_skipped_ = true;
  return true;
}

RequestParser::Step RequestParser::parse_on() {
  while (!events_->is_done()) {
    const std::string_view window = unparsed_window();
    const bool in_chunks = events_->is_header_done() && events_->chunked();
    if (window.empty() || (in_chunks && window.size() < min_chunked_rest)) return Step::need_more;
    events_->look_at(buffer_.readable());
    beast::error_code error;
    const std::size_t taken = events_->put({window.data(), window.size()}, error);
    parsed_ += taken;
    if (in_chunks) chunked_bytes_ += taken;
    if (const auto rejection = rejection_after(error)) return reject(*rejection);
    if (in_chunks) drop_chunk_framing();
    if (error == beast::http::error::need_more) return Step::need_more;
  }
  return finish();
}

std::string_view RequestParser::unparsed_window() const {
  std::string_view bytes = buffer_.readable();
  if (!events_->is_header_done()) bytes = bytes.substr(0, limits_.max_header_bytes);
  return bytes.substr(parsed_);
}

// nullopt: go on.
std::optional<Rejection> RequestParser::rejection_after(beast::error_code error) {
  if (error && error != beast::http::error::need_more) return classify(error);
  if (events_->is_header_done() && header_bytes_ == 0) {
    header_bytes_ = parsed_;
    const Rejection rejection = events_->judge_header();
    complaint_ = events_->complaint();
    if (rejection != Rejection::none) return rejection;
    if (const auto bad_target = judge_target()) return bad_target;
  }
  if (error && request_line_lacks_a_version()) return Rejection::malformed;
  if (error && is_beyond_limits()) return Rejection::headers_too_large;
  if (chunked_bytes_ > limits_.max_header_bytes + max_chunked_expansion * limits_.max_body_bytes) {
    return Rejection::body_too_large;
  }
  return std::nullopt;
}

bool RequestParser::request_line_lacks_a_version() {
  if (events_->is_header_done()) return false;
  if (!lacks_a_version(buffer_.readable().substr(0, limits_.max_header_bytes))) return false;
  complaint_ = "the request line names no version";
  return true;
}

// The asterisk is for OPTIONS alone (RFC 9112 section 3.2.4).
std::optional<Rejection> RequestParser::judge_target() {
  const std::string_view target = events_->target().in(buffer_.readable());
  if (target == "*" ? events_->is_options() : is_target(target)) return std::nullopt;
  complaint_ = "the target is neither a path nor an http URL with a host";
  return Rejection::malformed;
}

// Beast wants more than there may be: of the header, of a chunk's size line, or of the trailers.
bool RequestParser::is_beyond_limits() const {
  const std::size_t header = events_->is_header_done() ? header_bytes_ : 0;
  return buffer_.size() - header >= limits_.max_header_bytes;
}

Rejection RequestParser::classify(beast::error_code code) {
  using beast::http::error;
  complaint_ = events_->complaint();
  if (events_->rejection() != Rejection::none) return events_->rejection();
  if (code == error::body_limit) return Rejection::body_too_large;
  if (code == error::bad_content_length) return classify_bad_length();
  if (code == error::bad_version && has_unknown_version(buffer_.readable())) {
    return Rejection::unknown_version;
  }
  if (request_line_lacks_a_version()) return Rejection::malformed;
  if (code == error::bad_transfer_encoding) complaint_ = "bad or second message length";
  return Rejection::malformed;
}

// Beast stops before the field, without its value: is it a number that is only too large?
Rejection RequestParser::classify_bad_length() {
  if (events_->has_content_length() || events_->has_transfer_encoding()) {
    complaint_ = "more than one message length";
    return Rejection::malformed;
  }
  std::string_view line = buffer_.readable().substr(parsed_);
  line = line.substr(0, line.find('\r'));
  const std::string_view value = trimmed(line.substr(line.find(':') + 1));
  complaint_ = "Content-Length is not a number";
  const bool is_number = !value.empty() && std::ranges::all_of(value, is_digit);
  return is_number ? Rejection::body_too_large : Rejection::malformed;
}

// What a chunked body decoded to is kept elsewhere; after the header the buffer holds only what is
// still to be parsed.
void RequestParser::drop_chunk_framing() {
  buffer_.erase(header_bytes_, parsed_ - header_bytes_);
  parsed_ = header_bytes_;
}

RequestParser::Step RequestParser::finish() {
  const std::string_view bytes = buffer_.readable();
  request_.method = events_->method();
  const Target target = split_target(events_->target().in(bytes));
  request_.path = target.path;
  request_.query = target.query;
  fields_.clear();
  for (const auto& field : events_->fields()) {
    fields_.push_back({.name = field.name.in(bytes), .value = field.value.in(bytes)});
  }
  request_.fields = fields_;
  request_.body = events_->chunked() ? std::string_view{events_->chunked_body()}
                                     : bytes.substr(header_bytes_, events_->fixed_body_bytes());
  finished_ = true;
  return Step::request;
}

bool RequestParser::awaits_continue() const {
  return !rejected_ && !finished_ && header_bytes_ > 0 && events_->expects_continue();
}

RequestParser::Step RequestParser::reject(Rejection rejection) {
  rejected_ = true;
  problem_ = to_problem(rejection, complaint_);
  return Step::rejected;
}

}  // namespace payswitch::http
