#include "reconcile/comparison.h"

#include <fmt/format.h>

#include "text/json_string.h"

namespace payswitch::reconcile {

namespace {

using payment::format_iso8601;

payment::Total one(payment::Money amount) {
  return {.count = 1, .cents = amount.cents()};
}

bool is_settled_there(const ListedPayment& payment, const std::string& processor,
                      payment::UtcMs at) {
  return payment.is_settled_at(processor) && payment.requested_at == at;
}

// Also where the time differs as well: a payment may have both discrepancies.
void compare_amounts(Discrepancy discrepancy, const processor::BookEntry& entry,
                     Comparison& comparison) {
  if (entry.amount.cents() == discrepancy.ours.cents) return;
  discrepancy.kind = DiscrepancyKind::amount;
  discrepancy.theirs = one(entry.amount);
  comparison.discrepancies.push_back(std::move(discrepancy));
}

// Counts in our sum.
void compare_settled(const Discrepancy& ours, const std::optional<processor::BookEntry>& entry,
                     Comparison& comparison) {
  Discrepancy discrepancy = ours;
  const auto take_out = [&] {
    comparison.rest.count += 1;
    comparison.rest.cents += ours.ours.cents;
  };
  if (!entry) {
    discrepancy.kind = DiscrepancyKind::missing;
    take_out();
  } else if (entry->requested_at != ours.from) {
    discrepancy.kind = DiscrepancyKind::requested_at;
    discrepancy.theirs = one(entry->amount);
    discrepancy.detail = format_iso8601(entry->requested_at);
    comparison.extras[*ours.id] = {entry->requested_at, entry->amount.cents(), false};
    take_out();
  } else {
    comparison.rest.cents -= entry->amount.cents() - ours.ours.cents;
    return compare_amounts(ours, *entry, comparison);
  }
  comparison.discrepancies.push_back(discrepancy);
  if (entry) compare_amounts(ours, *entry, comparison);
}

// Does not count in our sum of this millisecond, and is in the processor's books.
void compare_other(const ListedPayment& payment, const std::string& processor,
                   const processor::BookEntry& entry, Comparison& comparison) {
  const bool in_flight = payment.may_be_at(processor);
  comparison.extras[payment.id] = {entry.requested_at, entry.amount.cents(), in_flight};
  if (in_flight) return;
  Discrepancy discrepancy{.kind = DiscrepancyKind::refused_charged,
                          .processor = processor,
                          .id = payment.id,
                          .from = entry.requested_at,
                          .to = entry.requested_at,
                          .ours = {},
                          .theirs = one(entry.amount),
                          .detail = std::string(payment::to_string(payment.state))};
  if (payment.is_settled_at(processor)) {
    discrepancy.kind = DiscrepancyKind::requested_at;
    discrepancy.from = discrepancy.to = payment.requested_at;
    discrepancy.ours = one(payment.amount);
    discrepancy.detail = format_iso8601(entry.requested_at);
  } else if (payment.state == payment::State::settled) {
    discrepancy.kind = DiscrepancyKind::charged_twice;
    discrepancy.detail = payment.processor;
  }
  comparison.discrepancies.push_back(discrepancy);
  if (discrepancy.kind != DiscrepancyKind::requested_at) return;
  discrepancy.detail.clear();
  compare_amounts(std::move(discrepancy), entry, comparison);
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

Comparison compare_payments(const std::string& processor, payment::UtcMs at,
                            std::span<const ListedPayment> listed, const payment::Total& theirs,
                            const Entries& entries) {
  Comparison comparison;
  const payment::Total ours = settled_total(processor, at, listed);
  comparison.rest = {
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
                      entry, comparison);
    } else if (entry &&
               !(payment.is_settled_at(processor) && entry->requested_at == payment.requested_at)) {
      compare_other(payment, processor, *entry, comparison);
    }
  }
  return comparison;
}

std::string_view to_string(DiscrepancyKind kind) {
  switch (kind) {
    case DiscrepancyKind::missing:
      return "missing";
    case DiscrepancyKind::amount:
      return "amount";
    case DiscrepancyKind::requested_at:
      return "requested_at";
    case DiscrepancyKind::charged_twice:
      return "charged_twice";
    case DiscrepancyKind::refused_charged:
      return "refused_charged";
    case DiscrepancyKind::unknown_charge:
      return "unknown_charge";
    case DiscrepancyKind::unlisted:
      return "unlisted";
    case DiscrepancyKind::unexplained:
      return "unexplained";
  }
  return "unexplained";
}

std::string to_text(const Discrepancy& discrepancy) {
  const std::string at = format_iso8601(discrepancy.from);
  const std::string id = discrepancy.id ? discrepancy.id->to_string() : "";
  const std::string ours = discrepancy.ours.amount();
  const std::string theirs = discrepancy.theirs.amount();
  switch (discrepancy.kind) {
    case DiscrepancyKind::missing:
      return fmt::format("{}: {} of {} at {} is not in its books", discrepancy.processor, id, ours,
                         at);
    case DiscrepancyKind::amount:
      return fmt::format("{}: {} at {} is {} in our books, {} in its", discrepancy.processor, id,
                         at, ours, theirs);
    case DiscrepancyKind::requested_at:
      return fmt::format("{}: {} of {} is at {} in our books, at {} in its", discrepancy.processor,
                         id, theirs, at, discrepancy.detail);
    case DiscrepancyKind::charged_twice:
      return fmt::format("{}: {} of {} at {} is in its books, and settled at {} too",
                         discrepancy.processor, id, theirs, at, discrepancy.detail);
    case DiscrepancyKind::refused_charged:
      return fmt::format(
          "{}: {} of {} at {} is in its books, although not sent or refused; it is "
          "{} in ours",
          discrepancy.processor, id, theirs, at, discrepancy.detail);
    case DiscrepancyKind::unknown_charge:
      return discrepancy.theirs.count == 1
                 ? fmt::format("{}: a charge of {} at {} that we do not have",
                               discrepancy.processor, theirs, at)
                 : fmt::format("{}: {} charges of {} together at {} that we do not have",
                               discrepancy.processor, discrepancy.theirs.count, theirs, at);
    case DiscrepancyKind::unlisted:
      return fmt::format("{}: our sum at {} is {} payments and {}, our list has {} and {}",
                         discrepancy.processor, at, discrepancy.ours.count, ours,
                         discrepancy.theirs.count, theirs);
    case DiscrepancyKind::unexplained:
      break;
  }
  return fmt::format("{}: from {} to {} we have {} payments and {}, it has {} and {}",
                     discrepancy.processor, at, format_iso8601(discrepancy.to),
                     discrepancy.ours.count, ours, discrepancy.theirs.count, theirs);
}

std::string to_json(const Discrepancy& discrepancy) {
  const auto total = [](const payment::Total& total) {
    return fmt::format(R"({{"payments":{},"amount":{}}})", total.count, total.amount());
  };
  return fmt::format(
      R"({{"kind":"{}","processor":{},"correlationId":{},"from":"{}","to":"{}","ours":{},)"
      R"("theirs":{},"what":{}}})",
      to_string(discrepancy.kind), text::json_string(discrepancy.processor),
      discrepancy.id ? text::json_string(discrepancy.id->to_string()) : "null",
      format_iso8601(discrepancy.from), format_iso8601(discrepancy.to), total(discrepancy.ours),
      total(discrepancy.theirs), text::json_string(to_text(discrepancy)));
}

}  // namespace payswitch::reconcile
