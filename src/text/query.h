#pragma once

#include <optional>
#include <string>
#include <string_view>

// The query of a URL (RFC 3986 section 3.4): "from=2025-07-08T12%3A34:56Z&to=".
namespace payswitch::text {

// Percent-decoded; a '+' is a plus, so that a time with "+02:00" may be sent as it is. Nothing when
// a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

// As it was sent, not decoded; both views into the query.
struct QueryParameter {
  std::string_view name;
  std::string_view value;  // empty also where there is no '='

  // Where two '&' meet.
  bool is_empty() const { return name.empty() && value.empty(); }
  // Decoded: "%66rom" is "from".
  bool is_named(std::string_view wanted) const;
};

// Takes the parameter that `query` begins with, and the '&' that ends it. `query` must not be
// empty.
QueryParameter take_parameter(std::string_view& query);

}  // namespace payswitch::text
