#include "store/embedded/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include "store/archive/cursor.h"
#include "store/embedded/index.h"
#include "store/embedded/settled.h"
#include "text/number.h"

namespace payswitch::store::embedded {

namespace {

using Part = ListCursor::Part;

constexpr std::string_view open_prefix = "open-";
constexpr std::string_view settled_prefix = "settled-";
constexpr std::string_view sealed_prefix = "sealed";

bool is_in(const books::Window& window, payment::UtcMs time) {
  return window.from <= time && time <= window.to;
}

bool is_in(const books::Window& window, const Payment& payment) {
  const auto fits = [&](const AttemptView& attempt) { return is_in(window, attempt.requested_at); };
  return payment.attempts_made() > 0 &&
         (fits(payment.last()) ||
          (payment.more && std::ranges::any_of(payment.more->earlier, fits)));
}

bool is_in(const books::Window& window, const archive::SettledPayment& payment) {
  return is_in(window, payment.settlement.requested_at) ||
         std::ranges::any_of(payment.attempts, [&](const AttemptView& attempt) {
           return is_in(window, attempt.requested_at);
         });
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto taken = text::take_number<std::uint64_t>(text);
  number = taken.value_or(0);
  return taken.has_value();
}

bool take_after(std::string_view& text, std::optional<payment::CorrelationId>& after) {
  if (text.empty()) return true;
  if (!take_prefix(text, "-")) return false;
  after = payment::CorrelationId::parse(text);
  return after.has_value();
}

}  // namespace

std::string to_string(const ListCursor& cursor) {
  const auto after = cursor.after ? "-" + cursor.after->to_string() : std::string();
  switch (cursor.part) {
    case Part::open:
      return fmt::format("{}{}", open_prefix, cursor.position);
    case Part::settled:
      return fmt::format("{}{}-{}{}", settled_prefix, cursor.segment, cursor.position, after);
    case Part::archived:
      return fmt::format("{}{}", sealed_prefix, after);
  }
  std::unreachable();
}

std::optional<ListCursor> parse_cursor(std::string_view text) {
  ListCursor cursor;
  if (text.empty()) return cursor;
  bool is_whole = false;
  if (take_prefix(text, open_prefix)) {
    is_whole = take_number(text, cursor.position) && text.empty();
  } else if (take_prefix(text, settled_prefix)) {
    cursor.part = Part::settled;
    is_whole = take_number(text, cursor.segment) && take_prefix(text, "-") &&
               take_number(text, cursor.position) && take_after(text, cursor.after);
  } else if (take_prefix(text, sealed_prefix)) {
    cursor.part = Part::archived;
    is_whole = take_after(text, cursor.after);
  }
  return is_whole ? std::optional(cursor) : std::nullopt;
}

// -- in memory --------------------------------------------------------------------------

// A payment keeps its place in the pool as long as it is open.
Page Index::list(const books::Window& window, ListCursor cursor) const {
  Page page;
  std::size_t budget = max_listed_over;
  if (cursor.part == Part::open) {
    for (; cursor.position < unsettled_.places(); ++cursor.position) {
      if (budget == 0 || page.payments.size() == max_page_payments) {
        page.next = to_string(cursor);
        return page;
      }
      --budget;
      const Payment& payment = unsettled_.at(cursor.position);
      if (is_in(window, payment)) page.payments.push_back(*view(payment.id));
    }
    cursor = {.part = Part::settled, .segment = 0, .position = 0, .after = std::nullopt};
  }
  for (const auto& memtable : memtables_) {
    const auto segment = memtable->begin.segment;
    if (segment < cursor.segment) continue;
    // That one may have been archived since the page before.
    if (segment > cursor.segment) {
      cursor = {.part = Part::settled, .segment = segment, .position = 0, .after = std::nullopt};
    }
    if (!memtable->settled.list(window, cursor, budget, page)) break;
  }
  return page;
}

bool SettledPayments::list(const books::Window& window, ListCursor cursor, std::size_t& budget,
                           Page& page) const {
  std::vector<payment::CorrelationId> ids;
  for (; cursor.position < shard_count; ++cursor.position, cursor.after.reset()) {
    const auto& shard = shards_[cursor.position];
    const bool is_first = budget == max_listed_over;
    const auto room = max_page_payments - page.payments.size();
    if (!shard.empty() && (room == 0 || (shard.size() > budget && !is_first))) break;
    budget -= std::min(budget, shard.size());
    ids.clear();
    for (const auto& [id, entry] : shard) {
      const bool is_after = !cursor.after || *cursor.after < id;
      if (is_after && is_in(window, id, entry)) ids.push_back(id);
    }
    const auto count = std::min(ids.size(), room);
    std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) page.payments.push_back(find(ids[i])->view());
    if (count < ids.size()) {
      cursor.after = ids[count - 1];
      break;
    }
  }
  if (cursor.position >= shard_count) return true;
  page.next = to_string(cursor);
  return false;
}

bool SettledPayments::is_in(const books::Window& window, const payment::CorrelationId& id,
                            const Entry& entry) const {
  if (embedded::is_in(window, entry.requested_at)) return true;
  if (!entry.has_more()) return false;
  return std::ranges::any_of(more_.at(id).attempts, [&](const AttemptView& attempt) {
    return embedded::is_in(window, attempt.requested_at);
  });
}

// -- sealed -----------------------------------------------------------------------------

namespace {

// Those in which a payment of the window may be.
archive::Files files_for(const archive::Files& files, const books::Window& window) {
  archive::Files wanted;
  std::ranges::copy_if(files, std::back_inserter(wanted),
                       [&](const auto& file) { return file->highest_time() >= window.from; });
  return wanted;
}

}  // namespace

archive::Read<Page> list_archived(const archive::FileSet& archive, const books::Window& window,
                                  const ListCursor& from, archive::Wait wait) {
  archive::MergedCursor cursor(files_for(archive.files(), window), from.after);
  Page page;
  ListCursor last = from;
  for (;;) {
    if (auto moved = cursor.next(wait); !moved) return std::unexpected(moved.error());
    if (cursor.entry() == nullptr) return page;
    const bool is_full =
        cursor.pages_read() >= max_pages_listed_over || page.payments.size() == max_page_payments;
    if (is_full && last.after != from.after) {
      page.next = to_string(last);
      return page;
    }
    last.after = cursor.entry()->id();
    const auto payment = archive::read_entry(*cursor.entry());
    if (is_in(window, payment)) page.payments.push_back(payment.view());
  }
}

}  // namespace payswitch::store::embedded
