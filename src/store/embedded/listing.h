#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "payment/correlation_id.h"

namespace payswitch::store::embedded {

// How many payments one page looks at: what a list may cost the loop in one turn. A shard of
// settled payments is looked at whole.
inline constexpr std::size_t max_listed_over = 50'000;

// Where a list goes on. Payments move from the open ones to the settled ones and never back, so the
// open ones come first: none is missed.
struct ListCursor {
  bool settled = false;        // all open ones have been looked at
  std::uint64_t position = 0;  // among the open ones; then the shard of the settled ones
  std::optional<payment::CorrelationId> behind;  // in that shard, which is listed by id
};

// "open-17", "settled-3", "settled-3-550e8400-e29b-41d4-a716-446655440000".
std::string to_string(const ListCursor& cursor);

// The beginning for an empty text; nullopt for one that to_string() does not make.
std::optional<ListCursor> parse_cursor(std::string_view text);

}  // namespace payswitch::store::embedded
