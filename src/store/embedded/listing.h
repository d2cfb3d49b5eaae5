#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "books/books.h"
#include "payment/correlation_id.h"
#include "store/archive/file_set.h"
#include "store/store.h"

namespace payswitch::store::embedded {

// How many payments one page looks at: what a list may cost the loop in one turn. A shard of
// settled payments is looked at whole.
inline constexpr std::size_t max_listed_over = 50'000;

// How many pages of archive files one page of a list reads.
inline constexpr std::size_t max_pages_listed_over = 256;

// Where a list goes on. Payments move from the open ones to the settled ones in memory, the oldest
// of these to the archived ones, and never back, so they are listed in this order: none is missed.
struct ListCursor {
  enum class Part : std::uint8_t { open, settled, archived };

  Part part = Part::open;
  std::uint64_t segment = 0;   // settled: that of the memtable
  std::uint64_t position = 0;  // open: the place in the pool; settled: the shard
  // In that shard, or in all archive files together: both are listed by id, so that files may be
  // merged between two pages.
  std::optional<payment::CorrelationId> after;
};

// "open-17", "settled-8-3", "settled-8-3-550e8400-e29b-41d4-a716-446655440000", "sealed",
// "sealed-550e8400-e29b-41d4-a716-446655440000".
std::string to_string(const ListCursor& cursor);

// The beginning for an empty text; nullopt for one that to_string() does not make.
std::optional<ListCursor> parse_cursor(std::string_view text);

// The part of Store::list() that is archived. Ids say nothing of times: every payment is looked at,
// save in files that are older than the window.
archive::Read<Page> list_archived(const archive::FileSet& archived, const books::Window& window,
                                  const ListCursor& cursor, archive::Wait wait);

}  // namespace payswitch::store::embedded
