#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "books/books.h"
#include "redis/client.h"
#include "store/store.h"

// The payments behind a sum. There is no index by time: the whole key space is gone through, a few
// hundred keys a page. It is for auditors; sums do not use it.
namespace payswitch::store::shared {

struct ListCursor {
  std::string scan = "0";                        // as SCAN wants it
  std::optional<payment::CorrelationId> behind;  // among what that SCAN gives, by id
};

// "17-", "17-550e8400-e29b-41d4-a716-446655440000"; the beginning for an empty text.
std::string to_string(const ListCursor& cursor);
std::optional<ListCursor> parse_cursor(std::string_view text);

// Whether a list of that window has it (Store::list).
bool is_in(const books::Window& window, const PaymentView& view);

void list_page(payswitch::redis::Client& client, const books::Window& window,
               const ListCursor& cursor, Store::ListDone done);

}  // namespace payswitch::store::shared
