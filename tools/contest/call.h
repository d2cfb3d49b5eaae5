#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>

#include "http/message.h"
#include "text/url.h"

namespace payswitch::lab::contest {

struct Call {
  http::Method method = http::Method::get;
  std::string target;  // below the URL's path
  std::string token;   // sent as X-Rinha-Token; empty: not sent
  std::string body;
};

// One request on a connection of its own: the body of a 2xx answer. Anything else, within ten
// seconds, is one line for a person.
boost::asio::awaitable<std::expected<std::string, std::string>> make_call(text::HttpUrl url,
                                                                          Call call);

}  // namespace payswitch::lab::contest
