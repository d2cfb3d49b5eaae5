#include "reconcile/report.h"

#include <fmt/format.h>

#include <iterator>

#include "text/json_string.h"

namespace payswitch::reconcile {

namespace {

using payment::State;

std::uint64_t in(const Report& report, State state) {
  return report.states[static_cast<std::size_t>(state)];
}

std::string json_of(const payment::Total& total) {
  return fmt::format(R"({{"payments":{},"amount":{}}})", total.count, total.amount());
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string to_text(const Report& report, std::string_view url) {
  std::string text = fmt::format("{}: from {} to {}, {} of at most {} ms compared\n", url,
                                 payment::format_iso8601(report.window.from),
                                 payment::format_iso8601(report.window.to),
                                 plural(report.windows, "window"), report.grain.count());
  auto out = std::back_inserter(text);
  for (const Sums& each : report.sums) {
    fmt::format_to(out, "  {}: ours {} payments, {}; theirs {}, {}\n", each.processor,
                   each.ours.count, each.ours.amount(), each.theirs.count, each.theirs.amount());
  }
  for (const std::string& name : report.not_asked) {
    fmt::format_to(out, "  {}: not asked, it is not configured any more\n", name);
  }
  for (const store::UnaskedAt& each : report.unasked) {
    text += "  " + to_text(each) + "\n";
  }
  fmt::format_to(out, "  in flight {}, unknown {}, waiting {}, parked {}\n",
                 in(report, State::attempting), in(report, State::unknown),
                 in(report, State::accepted), in(report, State::parked));
  if (report.in_flight > 0) {
    fmt::format_to(out, "  {} of them in a processor's books already\n", report.in_flight);
  }
  if (report.restless > 0) {
    fmt::format_to(out, "  {} went on changing: audit again when less is in flight\n",
                   plural(report.restless, "window"));
  }
  if (report.discrepancies.empty()) return text + "no findings\n";
  text += plural(report.discrepancies.size(), "finding") + "\n";
  for (const Discrepancy& discrepancy : report.discrepancies)
    text += "  " + to_text(discrepancy) + "\n";
  return text;
}

std::string to_json(const Report& report, std::string_view url) {
  std::string sums, states, not_asked, unasked, discrepancies;
  for (const Sums& each : report.sums) {
    fmt::format_to(std::back_inserter(sums), R"({}{{"processor":{},"ours":{},"theirs":{}}})",
                   sums.empty() ? "" : ",", text::json_string(each.processor), json_of(each.ours),
                   json_of(each.theirs));
  }
  for (int state = 0; state < payment::state_count; ++state) {
    fmt::format_to(std::back_inserter(states), R"({}"{}":{})", state == 0 ? "" : ",",
                   to_string(static_cast<State>(state)), in(report, static_cast<State>(state)));
  }
  for (const auto& name : report.not_asked) {
    not_asked += (not_asked.empty() ? "" : ",") + text::json_string(name);
  }
  for (const store::UnaskedAt& each : report.unasked) {
    unasked += (unasked.empty() ? "" : ",") + to_json(each);
  }
  for (const Discrepancy& discrepancy : report.discrepancies) {
    discrepancies += (discrepancies.empty() ? "" : ",") + to_json(discrepancy);
  }
  return fmt::format(
      R"({{"url":{},"from":"{}","to":"{}","grainMs":{},"windows":{},"processors":[{}],)"
      R"("payments":{{{}}},"inFlightBooked":{},"restless":{},"notAsked":[{}],"unasked":[{}],)"
      R"("findings":[{}]}})"
      "\n",
      text::json_string(url), payment::format_iso8601(report.window.from),
      payment::format_iso8601(report.window.to), report.grain.count(), report.windows, sums, states,
      report.in_flight, report.restless, not_asked, unasked, discrepancies);
}

}  // namespace payswitch::reconcile
