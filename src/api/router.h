#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace payswitch::api {

// Finds the route of a request. Paths are compared as sent. A GET route answers HEAD too. An
// unknown path is answered 404; a known one with another method 405, with Allow (RFC 9110
// section 15.5.6).
class Router {
 public:
  // `rest` is what follows the route's path: empty for an exact one.
  using Route = std::function<void(const http::Request& request, std::string_view rest,
                                   http::Responder respond)>;

  // A path that ends in '/' and is not "/" stands for itself plus one further segment.
  // `parameters` are those of the query that the route knows: a request with any other one is
  // answered 400, before the route. They outlive the router.
  void add(http::Method method, std::string_view path, std::vector<std::string_view> parameters,
           Route route);

  void operator()(const http::Request& request, http::Responder respond) const;

 private:
  struct Entry {
    http::Method method;
    std::string path;
    std::vector<std::string_view> parameters;
    Route route;
  };
  std::vector<Entry> entries_;
};

}  // namespace payswitch::api
