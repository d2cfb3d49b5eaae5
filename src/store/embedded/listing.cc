#include "store/embedded/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

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
    // That one may have been sealed meanwhile.
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

// One file's payments after an id, in their order.
class ArchiveRun {
 public:
  ArchiveRun(const archive::File& file, const std::optional<payment::CorrelationId>& after)
      : file_(&file), next_page_(after ? file.page_of(*after) : 0) {}

  // The one that next() gave last.
  const std::optional<archive::Entry>& entry() const { return entry_; }

  // Moves on to the next payment; none at the end. `pages` counts what was read.
  archive::Read<void> next(archive::Wait wait, std::size_t& pages) {
    for (;;) {
      entry_ = page_ ? page_->next(slot_) : std::nullopt;
      if (entry_ || next_page_ == file_->id_pages()) return {};
      auto read = file_->id_page(next_page_, wait);
      if (!read) return std::unexpected(read.error());
      page_ = *std::move(read);
      slot_ = 0;
      ++next_page_;
      ++pages;
    }
  }

 private:
  const archive::File* file_;
  std::uint64_t next_page_;
  std::optional<archive::Page> page_;
  std::uint32_t slot_ = 0;
  std::optional<archive::Entry> entry_;
};

archive::Read<std::vector<ArchiveRun>> runs_after(
    const archive::Files& files, const books::Window& window,
    const std::optional<payment::CorrelationId>& after, archive::Wait wait, std::size_t& pages) {
  std::vector<ArchiveRun> runs;
  for (const auto& file : files) {
    if (file->highest_time() < window.from) continue;
    ArchiveRun run(*file, after);
    do {
      if (auto read = run.next(wait, pages); !read) return std::unexpected(read.error());
    } while (after && run.entry() && run.entry()->id() <= *after);
    if (run.entry()) runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

archive::Read<Page> list_archived(const archive::FileSet& archived, const books::Window& window,
                                  const ListCursor& cursor, archive::Wait wait) {
  std::size_t pages = 0;
  auto runs = runs_after(archived.files(), window, cursor.after, wait, pages);
  if (!runs) return std::unexpected(runs.error());
  Page page;
  auto last = cursor;
  while (!runs->empty()) {
    if (last.after != cursor.after &&
        (pages >= max_pages_listed_over || page.payments.size() == max_page_payments)) {
      page.next = to_string(last);
      break;
    }
    const auto first = std::ranges::min_element(
        *runs, {}, [](const ArchiveRun& run) { return run.entry()->id(); });
    last.after = first->entry()->id();
    const archive::SettledPayment payment = archive::read_entry(*first->entry());
    if (is_in(window, payment)) page.payments.push_back(payment.view());
    if (auto read = first->next(wait, pages); !read) return std::unexpected(read.error());
    if (!first->entry()) runs->erase(first);
  }
  return page;
}

}  // namespace payswitch::store::embedded
