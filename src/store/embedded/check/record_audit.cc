#include "store/embedded/check/record_audit.h"

#include <fmt/format.h>

#include <numeric>

#include "store/difference.h"
#include "store/journal/record.h"

namespace payswitch::store::embedded::check {

using payment::Money;
using payment::ProcessorNumber;

namespace {

std::string about(std::string_view what, const journal::Record& record) {
  return fmt::format("{} (payment {})", what, journal::id_of(record).to_string());
}

}  // namespace

RecordAudit::RecordAudit(const archive::FileSet& archive)
    : archive_(archive),
      sequence_(archive.last().records),
      accepted_(archive.payments()),
      settled_(archive.payments()) {
  index_.begin_after(archive_);
  for (const auto& file : archive_.files()) {
    for (std::size_t number = 0; number < totals_.size(); ++number) {
      totals_[number] += file->total(static_cast<ProcessorNumber>(number));
    }
  }
}

std::optional<std::string> RecordAudit::add(const journal::Record& record, bool after_damage) {
  if (after_damage) stand_in_for_lost_names(record);
  const auto wrong = wrong_settlement(record);
  const auto restored = restorer_.apply(record, ++sequence_);
  if (!restored) return refuse(record, restored.error(), after_damage);
  if (restored->contradiction != nullptr) {
    return refuse(record, restored->contradiction, after_damage);
  }
  if (record.type == journal::RecordType::processor_origin) note_origin(record);
  if (restored->awaits_carried) awaited_.insert(journal::id_of(record));
  if (record.type == journal::RecordType::carried_forward) awaited_.erase(journal::id_of(record));
  if (!restored->changed) return std::nullopt;
  count(record);
  return wrong;
}

// It does not say what was accepted and sent.
std::optional<std::string> RecordAudit::wrong_settlement(const journal::Record& record) const {
  if (record.type != journal::RecordType::settled) return std::nullopt;
  const Payment* payment = index_.unsettled(journal::id_of(record));
  if (payment == nullptr) return std::nullopt;
  const store::Settlement settlement{.processor = record.processor,
                                     .number = record.attempt,
                                     .requested_at = {record.requested_at},
                                     .amount = Money::from_cents(record.cents),
                                     .settled_at = {record.at},
                                     .finding = (record.flags & journal::flag_finding) != 0};
  const auto wrong = difference(payment->amount, payment->attempts(), settlement);
  return wrong ? std::optional(about(*wrong, record)) : std::nullopt;
}

std::optional<std::string> RecordAudit::refuse(const journal::Record& record, std::string_view why,
                                               bool after_damage) {
  if (!after_damage) return about(why, record);
  ++unjudged_;
  put_down_as_unreadable(record);
  return std::nullopt;
}

void RecordAudit::count(const journal::Record& record) {
  if (record.type == journal::RecordType::accepted ||
      record.type == journal::RecordType::carried_forward) {
    ++accepted_;
  }
  if (record.type != journal::RecordType::settled) return;
  ++settled_;
  totals_[record.processor].add(Money::from_cents(record.cents));
}

// The names may have been in what cannot be read.
void RecordAudit::stand_in_for_lost_names(const journal::Record& record) {
  const auto known = [&] { return static_cast<ProcessorNumber>(index_.names().size()); };
  if (record.processor == payment::no_processor) return;
  const int wanted =
      record.processor + (record.type == journal::RecordType::processor_named ? 0 : 1);
  while (known() < wanted) {
    index_.apply(journal::named_record(known(), fmt::format("processor {}", known())), ++sequence_);
  }
}

void RecordAudit::note_origin(const journal::Record& record) {
  const std::string& origin = index_.facts().values().origins.at(record.processor);
  auto& known = origins_.at(record.processor);
  if (!origin.empty() && (known.empty() || known.back() != origin)) known.push_back(origin);
}

void RecordAudit::put_down_as_unreadable(const journal::Record& record) {
  if (record.type != journal::RecordType::settled) return;
  unreadable_[record.processor].add(Money::from_cents(record.cents));
}

std::vector<std::string> RecordAudit::compare_totals(bool after_damage) const {
  std::vector<std::string> wrong;
  for (std::size_t number = 0; number < totals_.size(); ++number) {
    const auto processor = static_cast<ProcessorNumber>(number);
    auto sum = index_.sum(processor, {});
    for (const auto& file : archive_.files()) sum += file->total(processor);
    if (sum == totals_[number]) continue;
    wrong.push_back(fmt::format(
        "the books of processor {} say {} payments and {}, its settlements "
        "add up to {} and {}",
        number, sum.count, sum.amount(), totals_[number].count, totals_[number].amount()));
  }
  const auto& states = counters_.by_state;
  const auto all = std::accumulate(states.begin(), states.end(), std::uint64_t{0});
  const auto settled = states[static_cast<std::size_t>(payment::State::settled)];
  if (all != accepted_) {
    wrong.push_back(fmt::format("{} payments were accepted, {} have a state", accepted_, all));
  }
  if (settled != settled_) {
    wrong.push_back(fmt::format("{} payments were settled, {} are", settled_, settled));
  }
  if (after_damage) return wrong;
  for (const auto& id : awaited_) {
    wrong.push_back("payment " + id.to_string() +
                    " has records, and was never accepted: neither its acceptance nor a copy of "
                    "it is there");
  }
  return wrong;
}

Sums RecordAudit::sums() const {
  Sums sums{.by_state = counters_.by_state, .settled = {}, .unjudged = unjudged_};
  const auto unanswered = index_.unanswered();
  for (std::size_t number = 0; number < index_.names().size(); ++number) {
    sums.settled.push_back({.name = index_.names()[number],
                            .origins = origins_[number],
                            .total = totals_[number],
                            .unreadable = unreadable_[number],
                            .unanswered = unanswered[number]});
  }
  return sums;
}

}  // namespace payswitch::store::embedded::check
