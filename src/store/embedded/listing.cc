#include "store/embedded/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "store/embedded/index.h"
#include "store/embedded/settled.h"

namespace payswitch::store::embedded {

namespace {

constexpr std::string_view open_prefix = "open-";
constexpr std::string_view settled_prefix = "settled-";

bool is_in(const books::Window& window, payment::UtcMs time) {
  return window.from <= time && time <= window.to;
}

bool is_in(const books::Window& window, const Payment& payment) {
  const auto fits = [&](const AttemptView& attempt) { return is_in(window, attempt.requested_at); };
  return payment.attempts_made() > 0 &&
         (fits(payment.last) || std::ranges::any_of(payment.earlier, fits));
}

}  // namespace

std::string to_string(const ListCursor& cursor) {
  const auto prefix = cursor.settled ? settled_prefix : open_prefix;
  return fmt::format("{}{}{}", prefix, cursor.position,
                     cursor.behind ? "-" + cursor.behind->to_string() : std::string());
}

std::optional<ListCursor> parse_cursor(std::string_view text) {
  ListCursor cursor;
  if (text.empty()) return cursor;
  cursor.settled = text.starts_with(settled_prefix);
  if (!cursor.settled && !text.starts_with(open_prefix)) return std::nullopt;
  text.remove_prefix((cursor.settled ? settled_prefix : open_prefix).size());
  const auto* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, cursor.position);
  if (parsed.ec != std::errc{}) return std::nullopt;
  text = {parsed.ptr, end};
  if (text.empty()) return cursor;
  if (!cursor.settled || !text.starts_with('-')) return std::nullopt;
  cursor.behind = payment::CorrelationId::parse(text.substr(1));
  if (!cursor.behind) return std::nullopt;
  return cursor;
}

// A payment keeps its place in the pool as long as it is open.
Page Index::list(const books::Window& window, ListCursor cursor) const {
  Page page;
  std::size_t budget = max_listed_over;
  if (!cursor.settled) {
    for (; cursor.position < pool_.size(); ++cursor.position) {
      if (budget == 0 || page.payments.size() == max_page_payments) {
        page.next = to_string(cursor);
        return page;
      }
      --budget;
      const Payment& payment = pool_[cursor.position];
      if (is_in(window, payment)) page.payments.push_back(*view(payment.id));
    }
    cursor = {.settled = true, .position = 0, .behind = std::nullopt};
  }
  settled_.list(window, cursor, budget, page);
  return page;
}

void SettledPayments::list(const books::Window& window, ListCursor cursor, std::size_t budget,
                           Page& page) const {
  std::vector<payment::CorrelationId> ids;
  for (; cursor.position < shard_count; ++cursor.position, cursor.behind.reset()) {
    const auto& shard = shards_[cursor.position];
    const bool is_first = budget == max_listed_over;
    const auto room = max_page_payments - page.payments.size();
    if (!shard.empty() && (room == 0 || (shard.size() > budget && !is_first))) break;
    budget -= std::min(budget, shard.size());
    ids.clear();
    for (const auto& [id, entry] : shard) {
      const bool is_behind = !cursor.behind || *cursor.behind < id;
      if (is_behind && is_in(window, id, entry)) ids.push_back(id);
    }
    const auto count = std::min(ids.size(), room);
    std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) page.payments.push_back(*view(ids[i]));
    if (count < ids.size()) {
      cursor.behind = ids[count - 1];
      break;
    }
  }
  if (cursor.position < shard_count) page.next = to_string(cursor);
}

bool SettledPayments::is_in(const books::Window& window, const payment::CorrelationId& id,
                            const Entry& entry) const {
  if (embedded::is_in(window, entry.requested_at)) return true;
  if (!entry.has_more()) return false;
  return std::ranges::any_of(more_.at(id).attempts, [&](const AttemptView& attempt) {
    return embedded::is_in(window, attempt.requested_at);
  });
}

}  // namespace payswitch::store::embedded
