#include "reconcile/reconciler.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

namespace payswitch::reconcile {

namespace {

using payment::UtcMs;

bool all_equal(const std::vector<Sums>& sums) {
  return std::ranges::all_of(sums, &Sums::equal);
}

bool all_empty(const std::vector<Sums>& sums) {
  return std::ranges::all_of(
      sums, [](const Sums& each) { return each.ours.count == 0 && each.theirs == each.ours; });
}

UtcMs middle(UtcMs from, UtcMs to) {
  return {from.value + (to.value - from.value) / 2};
}

UtcMs after(UtcMs time) {
  return {time.value + 1};
}

}  // namespace

std::expected<Report, std::string> Reconciler::run() {
  if (auto ready = prepare(); !ready) return std::unexpected(ready.error());
  if (auto walked = walk(); !walked) return std::unexpected(walked.error());
  report_rests();
  const auto states = queries_.states();
  if (!states) return std::unexpected(states.error());
  report_.states = *states;
  report_unexamined();
  std::ranges::sort(report_.discrepancies, {}, [](const Discrepancy& each) {
    return std::tuple(each.from, each.processor, each.id, each.kind);
  });
  return std::move(report_);
}

Reconciler::Line Reconciler::prepare() {
  const auto now = queries_.time();
  if (!now) return std::unexpected(now.error());
  const UtcMs closed{now->value - closed_after.count()};
  report_.window.to = std::min(options_.to.value_or(closed), closed);
  report_.window.from = options_.from.value_or(UtcMs{0});
  if (options_.last) report_.window.from = {report_.window.to.value - options_.last->count()};
  if (report_.window.from > report_.window.to) {
    return std::unexpected(
        fmt::format("the window from {} to {} is empty: it ends {} ms ago at the "
                    "latest",
                    payment::format_iso8601(report_.window.from),
                    payment::format_iso8601(report_.window.to), closed_after.count()));
  }
  auto processors = queries_.processors();
  if (!processors) return std::unexpected(processors.error());
  processors_ = std::move(processors->configured);
  report_.unasked = std::move(processors->unasked);
  if (processors_.empty()) return std::unexpected("the switch has no processors to compare with");
  const auto known = queries_.summary(report_.window);
  if (!known) return std::unexpected(known.error());
  for (const auto& [name, total] : *known) {
    const bool asked =
        std::ranges::find(processors_, name, &ProcessorAt::name) != processors_.end();
    if (!asked && total.count > 0) report_.not_asked.push_back(name);
  }
  auto sums = compare(report_.window);
  if (!sums) return std::unexpected(sums.error());
  report_.sums = std::move(*sums);
  return choose_grain();
}

Reconciler::Line Reconciler::choose_grain() {
  report_.grain = options_.grain.value_or(least_grain);
  if (options_.grain || all_empty(report_.sums)) return {};
  const auto [from, to] = report_.window;
  const auto first = first_charge(from, to);
  if (!first) return std::unexpected(first.error());
  const auto last = last_charge(*first, to);
  if (!last) return std::unexpected(last.error());
  report_.grain = std::max(least_grain,
                           std::chrono::milliseconds((last->value - first->value) / usual_windows));
  return {};
}

Reconciler::Result<UtcMs> Reconciler::first_charge(UtcMs from, UtcMs to) {
  const UtcMs begin = from;
  while (from < to) {
    const auto sums = compare({begin, middle(from, to)});
    if (!sums) return std::unexpected(sums.error());
    if (all_empty(*sums)) {
      from = after(middle(from, to));
    } else {
      to = middle(from, to);
    }
  }
  return from;
}

Reconciler::Result<UtcMs> Reconciler::last_charge(UtcMs from, UtcMs to) {
  const UtcMs end = to;
  while (from < to) {
    const auto sums = compare({after(middle(from, to)), end});
    if (!sums) return std::unexpected(sums.error());
    if (all_empty(*sums)) {
      to = middle(from, to);
    } else {
      from = after(middle(from, to));
    }
  }
  return from;
}

// Ours first: what is in our sum must be in theirs, whatever settles in between (PROTOCOL 6).
Reconciler::Result<std::vector<Sums>> Reconciler::compare(const books::Window& window) {
  auto ours = queries_.summary(window);
  if (!ours) return std::unexpected(ours.error());
  std::vector<Sums> sums;
  for (const ProcessorAt& processor : processors_) {
    const auto theirs = queries_.summary(processor, window);
    if (!theirs) return std::unexpected(theirs.error());
    sums.push_back({processor.name, (*ours)[processor.name], *theirs});
  }
  return sums;
}

// -- windows -------------------------------------------------------------------------------------

// In the order of time.
Reconciler::Line Reconciler::walk() {
  std::vector<books::Window> ahead{report_.window};
  while (!ahead.empty()) {
    const books::Window window = ahead.back();
    ahead.pop_back();
    if (auto visited = visit(window, ahead); !visited) return visited;
    progress_.at([&] {
      return fmt::format("up to {}: {} windows compared, {} findings",
                         payment::format_iso8601(window.to), report_.windows,
                         report_.discrepancies.size() + rests_.size());
    });
  }
  return {};
}

void Reconciler::put_off(const books::Window& window, const std::vector<Sums>& sums) {
  for (const Sums& each : sums) {
    if (each.equal()) continue;
    unexamined_.push_back({.kind = DiscrepancyKind::unexplained,
                           .processor = each.processor,
                           .id = {},
                           .from = window.from,
                           .to = window.to,
                           .ours = each.ours,
                           .theirs = each.theirs,
                           .detail = {}});
  }
}

Reconciler::Line Reconciler::visit(const books::Window& window, std::vector<books::Window>& ahead) {
  const auto sums = compare(window);
  if (!sums) return std::unexpected(sums.error());
  if (all_empty(*sums)) return {};
  const bool is_fine = window.to.value - window.from.value < report_.grain.count();
  const bool equal = all_equal(*sums);
  if (is_fine && equal) {
    ++report_.windows;
    return {};
  }
  if (!equal && examined_ == options_.max_examined) {
    put_off(window, *sums);
    return {};
  }
  if (window.from == window.to) {
    ++report_.windows;
    return look_into(window.from);
  }
  const UtcMs cut = middle(window.from, window.to);
  ahead.push_back({after(cut), window.to});
  ahead.push_back({window.from, cut});
  return {};
}

// -- one millisecond -----------------------------------------------------------------------------

Reconciler::Line Reconciler::look_into(UtcMs at) {
  ++examined_;
  std::optional<Look> before;
  for (int looks = 0; looks < max_looks; ++looks) {
    auto now = look(at);
    if (!now) return std::unexpected(now.error());
    if (before && *now == *before) {
      keep(at, std::move(*now));
      return {};
    }
    before = std::move(*now);
  }
  ++report_.restless;
  return {};
}

Reconciler::Result<Reconciler::Look> Reconciler::look(UtcMs at) {
  auto ours = queries_.summary({at, at});
  if (!ours) return std::unexpected(ours.error());
  const auto listed = queries_.payments({at, at});
  if (!listed) return std::unexpected(listed.error());
  Look look;
  for (std::size_t number = 0; number < processors_.size(); ++number) {
    const ProcessorAt& processor = processors_[number];
    const auto theirs = queries_.summary(processor, {at, at});
    if (!theirs) return std::unexpected(theirs.error());
    const auto sum = (*ours)[processor.name];
    const auto total = settled_total(processor.name, at, *listed);
    if (sum != total) {
      look.unlisted.push_back({.kind = DiscrepancyKind::unlisted,
                               .processor = processor.name,
                               .id = {},
                               .from = at,
                               .to = at,
                               .ours = sum,
                               .theirs = total,
                               .detail = {}});
    }
    if (*theirs == total) continue;
    const auto entries = ask_for(processor, *listed);
    if (!entries) return std::unexpected(entries.error());
    look.examined[number] = compare_payments(processor.name, at, *listed, *theirs, *entries);
  }
  return look;
}

Reconciler::Result<Entries> Reconciler::ask_for(const ProcessorAt& processor,
                                                const std::vector<ListedPayment>& listed) {
  Entries entries;
  for (const ListedPayment& payment : listed) {
    const auto entry = queries_.entry(processor, payment.id);
    if (!entry) return std::unexpected(entry.error());
    entries.emplace(payment.id, *entry);
  }
  return entries;
}

// -- what is told --------------------------------------------------------------------------------

void Reconciler::keep(UtcMs at, Look look) {
  for (auto& discrepancy : look.unlisted) add(std::move(discrepancy));
  for (auto& [number, comparison] : look.examined) {
    for (auto& discrepancy : comparison.discrepancies) add(std::move(discrepancy));
    for (const auto& [id, extra] : comparison.extras) {
      const bool is_new = extras_.emplace(std::pair(number, id), extra).second;
      if (is_new && extra.in_flight) ++report_.in_flight;
    }
    rests_[{number, at}] = comparison.rest;
  }
}

// They differ in more milliseconds than anybody looks into. Where they have more, and no more than
// may be in flight, it may be just that.
void Reconciler::report_unexamined() {
  using payment::State;
  const auto in = [&](State state) { return report_.states[static_cast<std::size_t>(state)]; };
  const auto may_be_there = in(State::attempting) + in(State::unknown) + in(State::parked);
  std::uint64_t beyond = 0;
  bool ours_in_theirs = true;
  for (const Discrepancy& each : unexamined_) {
    ours_in_theirs &= each.theirs.count >= each.ours.count && each.theirs.cents >= each.ours.cents;
    beyond += each.theirs.count - each.ours.count;
  }
  if (ours_in_theirs && beyond <= may_be_there) {
    report_.restless += unexamined_.size();
  } else {
    std::ranges::move(unexamined_, std::back_inserter(report_.discrepancies));
  }
}

// A charge that is known from one millisecond may stand in another.
void Reconciler::report_rests() {
  for (const auto& [key, extra] : extras_) {
    const auto rest = rests_.find({key.first, extra.at});
    if (rest == rests_.end()) continue;
    rest->second.count -= 1;
    rest->second.cents -= extra.cents;
  }
  for (const auto& [key, rest] : rests_) {
    if (rest.is_nothing()) continue;
    const bool is_charge = rest.count > 0 && rest.cents >= 0;
    Discrepancy discrepancy{
        .kind = is_charge ? DiscrepancyKind::unknown_charge : DiscrepancyKind::unexplained,
        .processor = processors_[key.first].name,
        .id = {},
        .from = key.second,
        .to = key.second,
        .ours = {},
        .theirs = {.count = static_cast<std::uint64_t>(rest.count), .cents = rest.cents},
        .detail = {}};
    if (rest.count < 0) {
      discrepancy.ours = {.count = static_cast<std::uint64_t>(-rest.count), .cents = -rest.cents};
      discrepancy.theirs = {};
    }
    add(std::move(discrepancy));
  }
}

// A payment that stands in two milliseconds is found in both.
void Reconciler::add(Discrepancy discrepancy) {
  const std::string what = fmt::format("{} {}", to_string(discrepancy.kind), discrepancy.processor);
  if (discrepancy.id && !reported_.emplace(what, discrepancy.id->to_string()).second) return;
  report_.discrepancies.push_back(std::move(discrepancy));
}

}  // namespace payswitch::reconcile
