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

bool is_in(const books::Window& window, const SettledPayment& payment) {
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

bool take_behind(std::string_view& text, std::optional<payment::CorrelationId>& behind) {
  if (text.empty()) return true;
  if (!take_prefix(text, "-")) return false;
  behind = payment::CorrelationId::parse(text);
  return behind.has_value();
}

}  // namespace

std::string to_string(const ListCursor& cursor) {
  const auto behind = cursor.behind ? "-" + cursor.behind->to_string() : std::string();
  switch (cursor.part) {
    case Part::open:
      return fmt::format("{}{}", open_prefix, cursor.position);
    case Part::settled:
      return fmt::format("{}{}-{}{}", settled_prefix, cursor.segment, cursor.position, behind);
    case Part::sealed:
      return fmt::format("{}{}", sealed_prefix, behind);
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
               take_number(text, cursor.position) && take_behind(text, cursor.behind);
  } else if (take_prefix(text, sealed_prefix)) {
    cursor.part = Part::sealed;
    is_whole = take_behind(text, cursor.behind);
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
    cursor = {.part = Part::settled, .segment = 0, .position = 0, .behind = std::nullopt};
  }
  for (const auto& generation : generations_) {
    const auto segment = generation->begin.segment;
    if (segment < cursor.segment) continue;
    // That one may have been sealed meanwhile.
    if (segment > cursor.segment) {
      cursor = {.part = Part::settled, .segment = segment, .position = 0, .behind = std::nullopt};
    }
    if (!generation->settled.list(window, cursor, budget, page)) break;
  }
  return page;
}

bool SettledPayments::list(const books::Window& window, ListCursor cursor, std::size_t& budget,
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
    for (std::size_t i = 0; i < count; ++i) page.payments.push_back(find(ids[i])->view());
    if (count < ids.size()) {
      cursor.behind = ids[count - 1];
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

// One file's payments behind an id, in their order.
class SealedRun {
 public:
  SealedRun(const ArchiveFile& file, const std::optional<payment::CorrelationId>& behind)
      : file_(&file), next_page_(behind ? file.page_of(*behind) : 0) {}

  // The one that next() gave last.
  const std::optional<SealedEntry>& entry() const { return entry_; }

  // Moves on to the next payment; none at the end. `pages` counts what was read.
  Read<void> next(Wait wait, std::size_t& pages) {
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
  const ArchiveFile* file_;
  std::uint64_t next_page_;
  std::optional<ArchivePage> page_;
  std::uint32_t slot_ = 0;
  std::optional<SealedEntry> entry_;
};

Read<std::vector<SealedRun>> runs_behind(const ArchiveFiles& files, const books::Window& window,
                                         const std::optional<payment::CorrelationId>& behind,
                                         Wait wait, std::size_t& pages) {
  std::vector<SealedRun> runs;
  for (const auto& file : files) {
    if (file->highest_time() < window.from) continue;
    SealedRun run(*file, behind);
    do {
      if (auto read = run.next(wait, pages); !read) return std::unexpected(read.error());
    } while (behind && run.entry() && run.entry()->id() <= *behind);
    if (run.entry()) runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

Read<Page> list_sealed(const Archive& sealed, const books::Window& window, const ListCursor& cursor,
                       Wait wait) {
  std::size_t pages = 0;
  auto runs = runs_behind(sealed.files(), window, cursor.behind, wait, pages);
  if (!runs) return std::unexpected(runs.error());
  Page page;
  auto last = cursor;
  while (!runs->empty()) {
    if (last.behind != cursor.behind &&
        (pages >= max_pages_listed_over || page.payments.size() == max_page_payments)) {
      page.next = to_string(last);
      break;
    }
    const auto first =
        std::ranges::min_element(*runs, {}, [](const SealedRun& run) { return run.entry()->id(); });
    last.behind = first->entry()->id();
    const SettledPayment payment = read_entry(*first->entry());
    if (is_in(window, payment)) page.payments.push_back(payment.view());
    if (auto read = first->next(wait, pages); !read) return std::unexpected(read.error());
    if (!first->entry()) runs->erase(first);
  }
  return page;
}

}  // namespace payswitch::store::embedded
