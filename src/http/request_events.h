#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/rejection.h"
#include "http/transfer_codings.h"

namespace payswitch::http {

// What Beast's parser reports of one request: where its parts are, and what RFC 9112 forbids
// although Beast lets it pass. Parts are kept as positions, because the buffer may move before the
// request is whole.
class RequestEvents final : public boost::beast::http::basic_parser<true> {
 public:
  struct Piece {
    std::uint32_t position = 0;  // from the request's first byte
    std::uint32_t length = 0;

    std::string_view in(std::string_view message) const { return message.substr(position, length); }
  };
  struct FieldPieces {
    Piece name;
    Piece value;
  };

  // What is worth keeping from one request to the next.
  struct Memory {
    std::vector<FieldPieces> fields;
    std::string chunked_body;
  };

  explicit RequestEvents(Memory memory);
  Memory release_memory();

  // To be called before every put(): the request from its first byte to the last that is here.
  void look_at(std::string_view message) { message_ = message; }

  // Looks at the whole header; none when all is well.
  Rejection judge_header();

  // The first thing found wrong by the callbacks below, with a few words on it.
  Rejection rejection() const { return rejection_; }
  const char* complaint() const { return complaint_; }

  Method method() const { return method_; }
  bool is_options() const { return is_options_; }
  Piece target() const { return target_; }
  bool is_http_1_0() const { return version_ == 10; }
  const std::vector<FieldPieces>& fields() const { return fields_; }
  bool has_content_length() const { return content_lengths_ > 0; }
  bool has_transfer_encoding() const { return codings_.any(); }
  bool expects_continue() const { return expects_continue_; }
  bool says_close() const { return says_close_; }

  // The decoded bytes of a chunked body so far.
  const std::string& chunked_body() const { return chunked_body_; }
  std::uint32_t fixed_body_bytes() const { return fixed_body_bytes_; }

 private:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb verb, View method, View target, int version,
                       Error& error) override;
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(boost::beast::http::field name, View name_text, View value,
                     Error& error) override;
  void on_header_impl(Error&) override { header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View body, Error&) override;
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Error&) override;
  void on_finish_impl(Error&) override {}

  Piece piece(View text) const;
  bool is_folded(View name, View value) const;
  void check_field(boost::beast::http::field name, std::string_view value, Error& error);
  void reject(Rejection rejection, const char* complaint, Error& error);

  std::string_view message_;
  Method method_ = Method::other;
  bool is_options_ = false;
  Piece target_;
  int version_ = 11;
  std::vector<FieldPieces> fields_;
  int hosts_ = 0;
  int content_lengths_ = 0;
  TransferCodings codings_;
  bool expects_continue_ = false;
  bool expects_other_ = false;
  bool says_close_ = false;
  bool header_done_ = false;
  std::uint32_t fixed_body_bytes_ = 0;
  std::string chunked_body_;
  Rejection rejection_ = Rejection::none;
  const char* complaint_ = "";
};

}  // namespace payswitch::http
