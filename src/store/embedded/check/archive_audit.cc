#include "store/embedded/check/archive_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "books/books.h"
#include "payment/time.h"
#include "store/archive/cursor.h"
#include "store/difference.h"

namespace payswitch::store::embedded::check {

using payment::ProcessorNumber;

namespace {

class FileAudit {
 public:
  FileAudit(const archive::File& file, const archive::FileSet& all, platform::Progress& progress,
            const std::function<void(Discrepancy)>& note)
      : file_(file), all_(all), progress_(progress), note_(note) {}

  // False: damaged.
  bool run() {
    if (const auto whole = file_.check_whole(); !whole) damaged({}, whole.error());
    read_payments();
    if (is_sound_) compare_counts();
    if (!is_sound_) return false;  // sums of what cannot be read say nothing
    for (std::size_t number = 0; number < file_.info().names.size(); ++number) {
      compare_sums(static_cast<ProcessorNumber>(number));
    }
    return is_sound_;
  }

 private:
  void damaged(const Place& place, std::string text) {
    is_sound_ = false;
    note_({place, std::move(text)});
  }

  void read_payments() {
    archive::Cursor cursor(file_);
    for (std::uint64_t pages = 0;;) {
      const auto moved = cursor.next(archive::Wait::yes);
      if (!moved) damaged({}, moved.error().damage);
      if (const auto& entry = cursor.entry()) {
        const Place place{file_.name(), cursor.offset()};
        check_place(*entry, cursor.page(), place);
        check_payment(archive::read_entry(*entry), place);
      } else if (moved) {
        return;
      }
      if (std::exchange(pages, cursor.pages_read()) != cursor.pages_read()) report_progress(pages);
    }
  }

  void report_progress(std::uint64_t pages) {
    progress_.at([&] {
      return fmt::format("read {} of {} pages of {}", pages, file_.id_pages(), file_.name());
    });
  }

  void check_place(const archive::Entry& entry, std::uint64_t page, const Place& place) {
    const auto id = entry.id();
    const auto about = " (payment " + id.to_string() + ")";
    if (last_ && id <= *last_) damaged(place, "out of order, or twice" + about);
    last_ = id;
    if (!file_.may_hold(id) || file_.page_of(id) != page) {
      damaged(place, "filter or table do not find it there" + about);
    }
    for (const auto& other : all_.files()) {
      if (other.get() == &file_) break;
      if (!other->may_hold(id)) continue;
      const auto found = other->find(id, archive::Wait::yes);
      if (found && *found) damaged(place, "is sealed in " + other->name() + " too" + about);
    }
  }

  void check_payment(const archive::SettledPayment& payment, const Place& place) {
    const auto& settlement = payment.settlement;
    const bool is_named = settlement.processor < file_.info().names.size();
    if (!is_named) return damaged(place, "settled at an unnamed processor");
    ++payments_;
    findings_ += settlement.finding ? 1 : 0;
    books_.add(settlement.processor, settlement.requested_at, settlement.amount);
    if (const auto wrong = difference(payment.amount, payment.attempts, settlement)) {
      note_({place, fmt::format("{} (payment {})", *wrong, payment.id.to_string())});
    }
  }

  void compare_counts() {
    const auto& info = file_.info();
    if (info.payments == payments_ && info.findings == findings_) return;
    damaged({file_.name(), 0},
            fmt::format("its footer says {} payments and {} findings, it holds {} and {}",
                        info.payments, info.findings, payments_, findings_));
  }

  // Each sum is what was booked up to its time, and nothing was booked between two of them.
  void compare_sums(ProcessorNumber processor) {
    payment::Total running;
    archive::SumCursor cursor(file_, processor);
    for (;;) {
      const auto moved = cursor.next(archive::Wait::yes);
      if (!moved) return damaged({}, moved.error().damage);
      if (!cursor.moment()) break;
      const auto& [time, until, total] = *cursor.moment();
      compare(processor, {time.value - 1}, running);
      running = until;
      compare(processor, time, running);
    }
    compare(processor, payment::UtcMs::max(), running);
    compare(processor, payment::UtcMs::max(), file_.total(processor));
  }

  void compare(ProcessorNumber processor, payment::UtcMs until, const payment::Total& said) {
    const auto sum = books_.sum(processor, {payment::UtcMs::min(), until});
    if (sum == said) return;
    const auto when = until == payment::UtcMs::max() ? "in all" : "until " + format_iso8601(until);
    damaged({file_.name(), 0},
            fmt::format("{} at {} it says {} payments and {}, those that it holds add up to {} "
                        "and {}",
                        when, file_.info().names[processor], said.count, said.amount(), sum.count,
                        sum.amount()));
  }

  const archive::File& file_;
  const archive::FileSet& all_;
  platform::Progress& progress_;
  const std::function<void(Discrepancy)>& note_;
  bool is_sound_ = true;
  std::optional<payment::CorrelationId> last_;
  std::uint64_t payments_ = 0;
  std::uint64_t findings_ = 0;
  books::Books books_;
};

}  // namespace

bool audit_archive(const archive::FileSet& archived, platform::Progress& progress,
                   const std::function<void(Discrepancy)>& note) {
  bool is_sound = true;
  for (const auto& file : archived.files()) {
    is_sound &= FileAudit(*file, archived, progress, note).run();
  }
  return is_sound;
}

}  // namespace payswitch::store::embedded::check
