#include "reconcile/examination.h"

#include <fmt/format.h>

#include "text/json_string.h"

namespace payswitch::audit {

namespace {

using payment::format_iso8601;

payment::Total one(payment::Money amount) {
  return {.count = 1, .cents = amount.cents()};
}

bool is_settled_there(const ListedPayment& payment, const std::string& processor,
                      payment::UtcMs at) {
  return payment.is_settled_at(processor) && payment.requested_at == at;
}

// Also where the time differs as well: a payment may have both findings.
void compare_amounts(Finding finding, const processor::BookEntry& entry, Examination& examination) {
  if (entry.amount.cents() == finding.ours.cents) return;
  finding.kind = FindingKind::amount;
  finding.theirs = one(entry.amount);
  examination.findings.push_back(std::move(finding));
}

// Counts in our sum.
void compare_settled(const Finding& ours, const std::optional<processor::BookEntry>& entry,
                     Examination& examination) {
  Finding finding = ours;
  const auto take_out = [&] {
    examination.rest.count += 1;
    examination.rest.cents += ours.ours.cents;
  };
  if (!entry) {
    finding.kind = FindingKind::missing;
    take_out();
  } else if (entry->requested_at != ours.from) {
    finding.kind = FindingKind::requested_at;
    finding.theirs = one(entry->amount);
    finding.detail = format_iso8601(entry->requested_at);
    examination.extras[*ours.id] = {entry->requested_at, entry->amount.cents(), false};
    take_out();
  } else {
    examination.rest.cents -= entry->amount.cents() - ours.ours.cents;
    return compare_amounts(ours, *entry, examination);
  }
  examination.findings.push_back(finding);
  if (entry) compare_amounts(ours, *entry, examination);
}

// Does not count in our sum of this millisecond, and is in the processor's books.
void compare_other(const ListedPayment& payment, const std::string& processor,
                   const processor::BookEntry& entry, Examination& examination) {
  const bool in_flight = payment.may_be_at(processor);
  examination.extras[payment.id] = {entry.requested_at, entry.amount.cents(), in_flight};
  if (in_flight) return;
  Finding finding{.kind = FindingKind::refused_charged,
                  .processor = processor,
                  .id = payment.id,
                  .from = entry.requested_at,
                  .to = entry.requested_at,
                  .ours = {},
                  .theirs = one(entry.amount),
                  .detail = std::string(payment::to_string(payment.state))};
  if (payment.is_settled_at(processor)) {
    finding.kind = FindingKind::requested_at;
    finding.from = finding.to = payment.requested_at;
    finding.ours = one(payment.amount);
    finding.detail = format_iso8601(entry.requested_at);
  } else if (payment.state == payment::State::settled) {
    finding.kind = FindingKind::charged_twice;
    finding.detail = payment.processor;
  }
  examination.findings.push_back(finding);
  if (finding.kind != FindingKind::requested_at) return;
  finding.detail.clear();
  compare_amounts(std::move(finding), entry, examination);
}

}  // namespace

payment::Total settled_total(const std::string& processor, payment::UtcMs at,
                             std::span<const ListedPayment> listed) {
  payment::Total total;
  for (const ListedPayment& payment : listed) {
    if (is_settled_there(payment, processor, at)) total.add(payment.amount);
  }
  return total;
}

Examination examine(const std::string& processor, payment::UtcMs at,
                    std::span<const ListedPayment> listed, const payment::Total& theirs,
                    const Entries& entries) {
  Examination examination;
  const payment::Total ours = settled_total(processor, at, listed);
  examination.rest = {
      .count = static_cast<std::int64_t>(theirs.count) - static_cast<std::int64_t>(ours.count),
      .cents = theirs.cents - ours.cents};
  for (const ListedPayment& payment : listed) {
    const auto& entry = entries.at(payment.id);
    if (is_settled_there(payment, processor, at)) {
      compare_settled({.kind = {},
                       .processor = processor,
                       .id = payment.id,
                       .from = at,
                       .to = at,
                       .ours = one(payment.amount),
                       .theirs = {},
                       .detail = {}},
                      entry, examination);
    } else if (entry &&
               !(payment.is_settled_at(processor) && entry->requested_at == payment.requested_at)) {
      compare_other(payment, processor, *entry, examination);
    }
  }
  return examination;
}

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::missing:
      return "missing";
    case FindingKind::amount:
      return "amount";
    case FindingKind::requested_at:
      return "requested_at";
    case FindingKind::charged_twice:
      return "charged_twice";
    case FindingKind::refused_charged:
      return "refused_charged";
    case FindingKind::unknown_charge:
      return "unknown_charge";
    case FindingKind::unlisted:
      return "unlisted";
    case FindingKind::unexplained:
      return "unexplained";
  }
  return "unexplained";
}

std::string to_text(const Finding& finding) {
  const std::string at = format_iso8601(finding.from);
  const std::string id = finding.id ? finding.id->to_string() : "";
  const std::string ours = finding.ours.amount();
  const std::string theirs = finding.theirs.amount();
  switch (finding.kind) {
    case FindingKind::missing:
      return fmt::format("{}: {} of {} at {} is not in its books", finding.processor, id, ours, at);
    case FindingKind::amount:
      return fmt::format("{}: {} at {} is {} in our books, {} in its", finding.processor, id, at,
                         ours, theirs);
    case FindingKind::requested_at:
      return fmt::format("{}: {} of {} is at {} in our books, at {} in its", finding.processor, id,
                         theirs, at, finding.detail);
    case FindingKind::charged_twice:
      return fmt::format("{}: {} of {} at {} is in its books, and settled at {} too",
                         finding.processor, id, theirs, at, finding.detail);
    case FindingKind::refused_charged:
      return fmt::format(
          "{}: {} of {} at {} is in its books, although not sent or refused; it is "
          "{} in ours",
          finding.processor, id, theirs, at, finding.detail);
    case FindingKind::unknown_charge:
      return finding.theirs.count == 1
                 ? fmt::format("{}: a charge of {} at {} that we do not have", finding.processor,
                               theirs, at)
                 : fmt::format("{}: {} charges of {} together at {} that we do not have",
                               finding.processor, finding.theirs.count, theirs, at);
    case FindingKind::unlisted:
      return fmt::format("{}: our sum at {} is {} payments and {}, our list has {} and {}",
                         finding.processor, at, finding.ours.count, ours, finding.theirs.count,
                         theirs);
    case FindingKind::unexplained:
      break;
  }
  return fmt::format("{}: from {} to {} we have {} payments and {}, it has {} and {}",
                     finding.processor, at, format_iso8601(finding.to), finding.ours.count, ours,
                     finding.theirs.count, theirs);
}

std::string to_json(const Finding& finding) {
  const auto total = [](const payment::Total& total) {
    return fmt::format(R"({{"payments":{},"amount":{}}})", total.count, total.amount());
  };
  return fmt::format(
      R"({{"kind":"{}","processor":{},"correlationId":{},"from":"{}","to":"{}","ours":{},)"
      R"("theirs":{},"what":{}}})",
      to_string(finding.kind), text::json_string(finding.processor),
      finding.id ? text::json_string(finding.id->to_string()) : "null",
      format_iso8601(finding.from), format_iso8601(finding.to), total(finding.ours),
      total(finding.theirs), text::json_string(to_text(finding)));
}

}  // namespace payswitch::audit
