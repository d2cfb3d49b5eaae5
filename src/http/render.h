#pragma once

#include <string>
#include <string_view>

#include "http/client.h"
#include "http/message.h"

// Messages to bytes.
namespace payswitch::http {

// What the connection adds to a response.
struct ResponseShape {
  bool without_body = false;    // the response to a HEAD
  bool close = false;           // the last response of its connection
  bool say_keep_alive = false;  // to an HTTP/1.0 client, which would not assume it
};

// Appends a whole HTTP/1.1 response to `out`. `date` is the value of the Date field (RFC 9110
// section 6.6.1).
void append_response(std::string& out, const Response& response, ResponseShape shape,
                     std::string_view date);

// Appends a whole HTTP/1.1 request to `out`. `host` is the value of the Host field.
void append_request(std::string& out, const OutgoingRequest& request, std::string_view host);

}  // namespace payswitch::http
