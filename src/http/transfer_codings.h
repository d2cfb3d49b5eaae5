#pragma once

#include <string_view>

#include "http/rejection.h"

namespace payswitch::http {

// What the Transfer-Encoding fields of one request say together: they are one list (RFC 9110
// section 5.3). Pure.
class TransferCodings {
 public:
  // The value of the next field.
  void add(std::string_view value);

  bool any() const { return any_; }

  // Of the whole list. Where chunked is not the last coding, or is there twice, the end of
  // the body is not known: malformed (RFC 9112 sections 6.1 and 6.3). A coding that we do not know
  // before it: unknown_transfer_coding. None for "chunked" alone.
  Rejection judge() const;
  // A few words on what is malformed.
  const char* complaint() const;

 private:
  void add_coding(std::string_view coding);

  bool any_ = false;
  bool has_gap_ = false;  // a coding without a name between two commas
  bool has_other_ = false;
  bool ends_in_chunked_ = false;
  int chunked_ = 0;  // how often
};

}  // namespace payswitch::http
