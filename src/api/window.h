#pragma once

#include <expected>
#include <string_view>

#include "books/books.h"
#include "http/problem.h"

namespace payswitch::api {

// The window that ?from=&to= name: both ends inclusive, each optional; `from` rounded up and `to`
// down to the millisecond.
std::expected<books::Window, http::Problem> read_window(std::string_view query);

}  // namespace payswitch::api
