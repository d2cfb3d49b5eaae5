#include "store/embedded/check/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "text/json_string.h"

namespace payswitch::store::embedded::check {

namespace {

using payment::State;

std::uint64_t in(const Report& report, State state) {
  return report.sums.by_state[static_cast<std::size_t>(state)];
}

std::uint64_t all_payments(const Report& report) {
  std::uint64_t sum = 0;
  for (const auto count : report.sums.by_state) sum += count;
  return sum;
}

std::string line_of(const Discrepancy& discrepancy) {
  if (discrepancy.place.file.empty()) return fmt::format("  {}\n", discrepancy.text);
  return fmt::format("  {} at offset {}: {}\n", discrepancy.place.file, discrepancy.place.offset,
                     discrepancy.text);
}

std::string json_of(const Discrepancy& discrepancy) {
  if (discrepancy.place.file.empty())
    return fmt::format(R"({{"what":{}}})", text::json_string(discrepancy.text));
  return fmt::format(R"({{"file":{},"offset":{},"what":{}}})",
                     text::json_string(discrepancy.place.file), discrepancy.place.offset,
                     text::json_string(discrepancy.text));
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ",") + text::json_string(text);
  return list;
}

std::string json_of(const payment::Total& total) {
  return fmt::format(R"({{"payments":{},"amount":{}}})", total.count, total.amount());
}

// " (http://b:1, before at http://a:1)"
std::string place_of(const SettledAt& each) {
  if (each.origins.empty()) return {};
  std::string before;
  for (std::size_t i = 0; i + 1 < each.origins.size(); ++i) {
    before += fmt::format("{}{}", i == 0 ? ", before at " : ", then at ", each.origins[i]);
  }
  return fmt::format(" ({}{})", each.origins.back(), before);
}

}  // namespace

std::vector<UnaskedAt> unasked_of(const Report& report,
                                  const std::vector<std::string>& configured) {
  std::vector<UnaskedAt> unasked;
  for (const SettledAt& each : report.sums.settled) {
    const bool is_asked = std::ranges::find(configured, each.name) != configured.end();
    if (is_asked || each.unanswered.count == 0) continue;
    unasked.push_back({.name = each.name,
                       .origin = each.origins.empty() ? "" : each.origins.back(),
                       .open = each.unanswered});
  }
  return unasked;
}

std::string to_text(const Report& report, std::string_view directory) {
  std::string text =
      fmt::format("{}: {} segments, {} groups, {} records, {} payments\n", directory,
                  report.segments, report.batches, report.records, all_payments(report));
  auto out = std::back_inserter(text);
  if (report.sealed_files > 0) {
    fmt::format_to(out, "  {} of them in {} sealed files before these segments\n",
                   report.sealed_payments, report.sealed_files);
  }
  fmt::format_to(out, "  settled {}, waiting {}, sent and unanswered {}, parked {}\n",
                 in(report, State::settled), in(report, State::accepted),
                 in(report, State::attempting) + in(report, State::unknown),
                 in(report, State::parked));
  for (const SettledAt& each : report.sums.settled) {
    fmt::format_to(out, "  at {}{}: {} settled, {}\n", each.name, place_of(each), each.total.count,
                   each.total.amount());
    if (each.unanswered.count > 0) {
      fmt::format_to(out, "    sent there and unanswered {}, {}\n", each.unanswered.count,
                     each.unanswered.amount());
    }
    if (each.unreadable.count == 0) continue;
    fmt::format_to(out, "    and behind the damage {} more, {}, whose earlier records are lost\n",
                   each.unreadable.count, each.unreadable.amount());
  }
  for (const UnaskedAt& each : report.unasked) text += to_text(each) + "\n";
  if (report.tear) {
    fmt::format_to(out,
                   "{} at offset {}: an unfinished group at the end; it was never acknowledged\n",
                   report.tear->file, report.tear->offset);
  }
  if (report.sums.unjudged > 0) {
    fmt::format_to(out, "records behind the damage that do not fit what is left before it: {}\n",
                   report.sums.unjudged);
  }
  if (report.discrepancy_count == 0) return text + "no findings\n";
  fmt::format_to(out, "{} finding{}\n", report.discrepancy_count,
                 report.discrepancy_count == 1 ? "" : "s");
  for (const Discrepancy& discrepancy : report.discrepancies) text += line_of(discrepancy);
  if (report.discrepancy_count > report.discrepancies.size()) {
    fmt::format_to(out, "  and {} more\n", report.discrepancy_count - report.discrepancies.size());
  }
  return text;
}

std::string to_json(const Report& report, std::string_view directory) {
  std::string states, settled, unasked, findings;
  for (int state = 0; state < payment::state_count; ++state) {
    fmt::format_to(std::back_inserter(states), R"({}"{}":{})", state == 0 ? "" : ",",
                   to_string(static_cast<State>(state)), in(report, static_cast<State>(state)));
  }
  for (const SettledAt& each : report.sums.settled) {
    fmt::format_to(std::back_inserter(settled),
                   R"({}{{"processor":{},"origins":[{}],"settled":{},"unreadable":{},)"
                   R"("unanswered":{}}})",
                   settled.empty() ? "" : ",", text::json_string(each.name), list_of(each.origins),
                   json_of(each.total), json_of(each.unreadable), json_of(each.unanswered));
  }
  for (const UnaskedAt& each : report.unasked) {
    unasked += (unasked.empty() ? "" : ",") + to_json(each);
  }
  for (const Discrepancy& discrepancy : report.discrepancies) {
    findings += (findings.empty() ? "" : ",") + json_of(discrepancy);
  }
  const std::string tear =
      report.tear ? fmt::format(R"({{"file":{},"offset":{}}})",
                                text::json_string(report.tear->file), report.tear->offset)
                  : "null";
  return fmt::format(
             R"({{"data":{},"sealedFiles":{},"sealedPayments":{},)"
             R"("segments":{},"groups":{},"records":{},"payments":{{{}}},)"
             R"("processors":[{}],"unasked":[{}],"tear":{},"unjudged":{},"findingCount":{},)"
             R"("findings":[{}]}})",
             text::json_string(directory), report.sealed_files, report.sealed_payments,
             report.segments, report.batches, report.records, states, settled, unasked, tear,
             report.sums.unjudged, report.discrepancy_count, findings) +
         "\n";
}

}  // namespace payswitch::store::embedded::check
