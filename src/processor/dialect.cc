#include "processor/dialect.h"

#include <algorithm>
#include <array>

namespace payswitch::processor {

namespace {

using enum ResponseRule::Body;
using payment::Outcome;

constexpr std::array rinha_responses = {
    ResponseRule{200, any, Outcome::taken},
    ResponseRule{422, any, Outcome::already_booked},
    // The failure switch answers with an empty body. A body means that the database failed,
    // possibly after the commit: not listed, so unknown.
    ResponseRule{500, empty, Outcome::refused},
    ResponseRule{429, any, Outcome::throttled},
    ResponseRule{400, any, Outcome::our_fault},
    ResponseRule{413, any, Outcome::our_fault},
    ResponseRule{415, any, Outcome::our_fault},
    ResponseRule{401, any, Outcome::misconfigured},
    ResponseRule{403, any, Outcome::misconfigured},
    ResponseRule{404, any, Outcome::misconfigured},
    ResponseRule{405, any, Outcome::misconfigured},
};

constexpr Dialect rinha = {"rinha", rinha_responses};

}  // namespace

const Dialect* find_dialect(std::string_view name) {
  return name == rinha.name ? &rinha : nullptr;
}

Outcome read_response(const Dialect& dialect,
                      const std::expected<http::IncomingResponse, http::Failure>& response) {
  if (!response) {
    return response.error() == http::Failure::not_sent ? Outcome::not_sent : Outcome::unknown;
  }
  const bool is_empty = response->body.empty() && response->is_framed;
  const auto rule = std::ranges::find_if(dialect.responses, [&](const ResponseRule& row) {
    return row.status == response->status && (row.body == any || is_empty);
  });
  return rule == dialect.responses.end() ? Outcome::unknown : rule->outcome;
}

}  // namespace payswitch::processor
