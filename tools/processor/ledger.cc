#include "tools/processor/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace payswitch::lab {

bool Ledger::book(const payment::CorrelationId& id, const Entry& entry) {
  const auto [at, inserted] = entries_.try_emplace(id, Booked{.entry = entry});
  if (!inserted) return false;
  ++at->second.times;
  timeline_.add(entry.requested_at, entry.amount);
  return true;
}

const Entry* Ledger::find(const payment::CorrelationId& id) const {
  const auto at = entries_.find(id);
  return at == entries_.end() ? nullptr : &at->second.entry;
}

void Ledger::put(const payment::CorrelationId& id, const Entry& entry) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) {
    book(id, entry);
    return;
  }
  at->second.entry = entry;
  timeline_is_stale_ = true;
}

bool Ledger::remove(const payment::CorrelationId& id) {
  if (entries_.erase(id) == 0) return false;
  timeline_is_stale_ = true;
  return true;
}

void Ledger::purge() {
  entries_.clear();
  timeline_ = {};
  timeline_is_stale_ = false;
}

payment::Total Ledger::sum(payment::UtcMs from, payment::UtcMs to) {
  if (timeline_is_stale_) {
    timeline_ = {};
    for (const auto& [id, booked] : entries_) {
      timeline_.add(booked.entry.requested_at, booked.entry.amount);
    }
    timeline_is_stale_ = false;
  }
  return timeline_.sum(from, to);
}

std::string Ledger::to_ndjson() const {
  using Line = std::pair<payment::CorrelationId, Booked>;
  std::vector<Line> lines(entries_.begin(), entries_.end());
  std::ranges::sort(lines, {}, &Line::first);
  constexpr std::size_t usual_line_length = 136;
  std::string text;
  text.reserve(lines.size() * usual_line_length);
  for (const auto& [id, booked] : lines) {
    fmt::format_to(
        std::back_inserter(text),
        "{{\"correlationId\":\"{}\",\"amount\":{},\"requestedAt\":\"{}\",\"times\":{}}}\n",
        id.to_string(), booked.entry.amount.to_string(),
        payment::format_iso8601(booked.entry.requested_at), booked.times);
  }
  return text;
}

}  // namespace payswitch::lab
