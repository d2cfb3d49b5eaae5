#include "tools/contest/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

namespace payswitch::lab::contest {
namespace {

// More than a person reads; the counts are of all.
constexpr std::size_t max_named_in_text = 20;
constexpr std::size_t max_named_in_json = 1'000;

std::string cents(std::int64_t value) {
  return payment::format_cents(value);
}

double seconds(platform::Duration span) {
  return std::chrono::duration<double>(span).count();
}

std::string seconds_or(const std::optional<platform::Duration>& span, std::string_view none) {
  return span ? fmt::format("{:.3f}", seconds(*span)) : std::string(none);
}

double percent_at_cheap(const Report& report) {
  const auto& ours = report.last_check.ours;
  const auto all = static_cast<double>(ours[cheap].count + ours[dear].count);
  return all == 0 ? 0 : 100 * static_cast<double>(ours[cheap].count) / all;
}

std::map<Fault, std::size_t> count_by_fault(const std::vector<Finding>& findings) {
  std::map<Fault, std::size_t> counts;
  for (const Finding& finding : findings) ++counts[finding.fault];
  return counts;
}

std::string stage_table(const Report& report) {
  std::string text =
      fmt::format("{:>6}  {:<17} {:<17} {:>6} {:>6} {:>9} {:>10} {:>11} {:>12} {:>12}\n", "from",
                  "default", "fallback", "taken", "failed", "p99 ms", "at default", "at fallback",
                  "default from", "fallback to");
  for (std::size_t number = 0; number < report.stages.size(); ++number) {
    const Stage& stage = report.schedule.stages[number];
    const StageFigures& figures = report.stages[number];
    text +=
        fmt::format("{:>4.1f} s  {:<17} {:<17} {:>6} {:>6} {:>9} {:>10} {:>11} {:>12} {:>12}\n",
                    seconds(stage.starts), to_string(stage.settings[cheap]),
                    to_string(stage.settings[dear]), figures.posts.taken(), figures.posts.failed(),
                    load::in_ms(figures.posts.latency().quantile(0.99)), figures.booked[cheap],
                    figures.booked[dear], seconds_or(figures.first_at_cheap, "-"),
                    seconds_or(figures.last_at_dear, "-"));
  }
  return text;
}

std::string check_text(const Report& report) {
  std::vector<std::uint64_t> differences;
  for (const Check& check : report.checks) differences.push_back(inconsistencies(check));
  differences.push_back(inconsistencies(report.last_check));
  std::string text = fmt::format("inconsistencies  {} ({} at the checks)\n",
                                 inconsistencies(report), fmt::join(differences, ", "));
  if (report.failed_checks > 0) {
    text += fmt::format("                 {} checks could not be made\n", report.failed_checks);
  }
  return text;
}

std::string health_text(const Report& report) {
  const auto& [at_cheap, at_dear] = report.health_calls;
  return fmt::format("health calls     {} at default, {} at fallback; {} within 5 s of another\n",
                     at_cheap.all, at_dear.all, at_cheap.too_early + at_dear.too_early);
}

std::string money_text(const Report& report) {
  const auto& ours = report.last_check.ours;
  const Score sum = score(report);
  return fmt::format(
      "at default       {}, {} ({:.3f} %)\nat fallback      {}, {}\n"
      "amount           {}\nfees             {}\nprofit           {}\nbonus            {}\n"
      "penalty          {}\nscore            {}\n",
      ours[cheap].count, ours[cheap].amount(), percent_at_cheap(report), ours[dear].count,
      ours[dear].amount(), cents(sum.amount), cents(sum.fees), cents(sum.profit), cents(sum.bonus),
      cents(sum.penalty), cents(sum.total));
}

std::string findings_text(const std::vector<Finding>& findings) {
  if (findings.empty()) return "books            every payment once, with its amount\n";
  std::vector<std::string> counts;
  for (const auto& [fault, count] : count_by_fault(findings)) {
    counts.push_back(fmt::format("{}: {}", to_string(fault), count));
  }
  std::string text = fmt::format("books            {}\n", fmt::join(counts, ", "));
  for (std::size_t i = 0; i < std::min(findings.size(), max_named_in_text); ++i) {
    text += fmt::format("  {} {}: {}\n", findings[i].id.to_string(), to_string(findings[i].fault),
                        findings[i].where);
  }
  if (findings.size() > max_named_in_text) text += "  ...\n";
  return text;
}

std::string check_json(const Check& check) {
  const auto& [ours, theirs] = std::tie(check.ours, check.theirs);
  return fmt::format(
      R"({{"at_s":{:.3f},"from":"{}","to":"{}","default":[{},{}],"fallback":[{},{}],)"
      R"("inconsistencies":{}}})",
      seconds(check.at), payment::format_iso8601(check.window.from),
      payment::format_iso8601(check.window.to), ours[cheap].count, theirs[cheap].count,
      ours[dear].count, theirs[dear].count, inconsistencies(check));
}

std::string checks_json(const Report& report) {
  std::vector<std::string> parts;
  for (const Check& check : report.checks) parts.push_back(check_json(check));
  parts.push_back(check_json(report.last_check));
  return fmt::format("[{}]", fmt::join(parts, ","));
}

std::string stages_json(const Report& report) {
  std::vector<std::string> parts;
  for (std::size_t number = 0; number < report.stages.size(); ++number) {
    const StageFigures& figures = report.stages[number];
    const auto& [at_cheap, at_dear] = figures.booked;
    parts.push_back(
        fmt::format(R"({{"from_s":{:.3f},"taken":{},"failures":{},"latency_ms":{},"at_default":{},)"
                    R"("at_fallback":{},"first_at_default_s":{},"last_at_fallback_s":{}}})",
                    seconds(report.schedule.stages[number].starts), figures.posts.taken(),
                    figures.posts.failures_json(), load::latency_json(figures.posts.latency()),
                    at_cheap, at_dear, seconds_or(figures.first_at_cheap, "null"),
                    seconds_or(figures.last_at_dear, "null")));
  }
  return fmt::format("[{}]", fmt::join(parts, ","));
}

std::string findings_json(const std::vector<Finding>& findings) {
  std::vector<std::string> counts;
  for (const auto& [fault, count] : count_by_fault(findings)) {
    counts.push_back(fmt::format(R"("{}":{})", to_string(fault), count));
  }
  std::vector<std::string> named;
  for (std::size_t i = 0; i < std::min(findings.size(), max_named_in_json); ++i) {
    named.push_back(fmt::format(R"({{"id":"{}","fault":"{}","where":"{}"}})",
                                findings[i].id.to_string(), to_string(findings[i].fault),
                                findings[i].where));
  }
  return fmt::format(R"({{"counts":{{{}}},"payments":[{}]}})", fmt::join(counts, ","),
                     fmt::join(named, ","));
}

std::string score_json(const Report& report) {
  const Score sum = score(report);
  return fmt::format(R"({{"amount":{},"fees":{},"profit":{},"bonus":{},"penalty":{},"total":{}}})",
                     cents(sum.amount), cents(sum.fees), cents(sum.profit), cents(sum.bonus),
                     cents(sum.penalty), cents(sum.total));
}

}  // namespace

std::vector<StageFigures> figures_by_stage(const std::vector<load::Tally>& posts,
                                           const std::vector<payment::UtcMs>& began,
                                           const Pair<std::vector<BookLine>>& books) {
  std::vector<StageFigures> stages(posts.size());
  for (std::size_t number = 0; number < posts.size(); ++number)
    stages[number].posts = posts[number];
  for (const std::size_t processor : {cheap, dear}) {
    for (const BookLine& line : books[processor]) {
      const auto next = std::ranges::upper_bound(began, line.requested_at);
      if (next == began.begin()) continue;
      const auto number = static_cast<std::size_t>(next - began.begin()) - 1;
      StageFigures& stage = stages[number];
      const auto since = std::chrono::milliseconds(line.requested_at.value - began[number].value);
      ++stage.booked[processor];
      if (processor == cheap) {
        stage.first_at_cheap =
            std::min<platform::Duration>(stage.first_at_cheap.value_or(since), since);
      } else {
        stage.last_at_dear =
            std::max<platform::Duration>(stage.last_at_dear.value_or(since), since);
      }
    }
  }
  return stages;
}

std::uint64_t inconsistencies(const Report& report) {
  std::uint64_t sum = inconsistencies(report.last_check);
  for (const Check& check : report.checks) sum += inconsistencies(check);
  return sum;
}

std::int64_t lag(const Report& report) {
  const auto& ours = report.last_check.ours;
  return static_cast<std::int64_t>(report.posts.taken()) -
         static_cast<std::int64_t>(ours[cheap].count + ours[dear].count);
}

Score score(const Report& report) {
  return score_of(report.last_check.ours, report.posts.latency().quantile(0.99),
                  inconsistencies(report));
}

bool passed(const Report& report) {
  return report.posts.taken() > 0 && report.failed_checks == 0 && inconsistencies(report) == 0 &&
         lag(report) == 0 && report.findings.empty() && report.health_calls[cheap].too_early == 0 &&
         report.health_calls[dear].too_early == 0;
}

std::string to_text(const Report& report) {
  std::string text = fmt::format(
      "\n{}\npayments         {} taken of {}; failures: {}\n"
      "POST latency     {}\nlag              {}\n{}{}{}{}",
      stage_table(report), report.posts.taken(), report.posts.count(), report.posts.failures_text(),
      load::latency_text(report.posts.latency()), lag(report), check_text(report),
      health_text(report), findings_text(report.findings), money_text(report));
  if (report.cpu_us) text += fmt::format("CPU a payment    {:.1f} us\n", *report.cpu_us);
  return text + fmt::format("load average     {:.2f}\nresult           {}\n", report.load_average,
                            passed(report) ? "passed" : "FAILED");
}

std::string to_json(const Report& report) {
  const auto& ours = report.last_check.ours;
  std::string text = fmt::format(
      R"({{"passed":{},"length_s":{:.3f},"taken":{},"sent":{},"failures":{},"latency_ms":{},)"
      R"("p99_ms":{},"lag":{},"inconsistencies":{},"failed_checks":{},"at_default":{},)"
      R"("at_fallback":{},"health_calls":[{},{}],"health_calls_too_early":[{},{}],"score":{},)"
      R"("checks":{},"stages":{},"books":{},"load_average":{:.2f})",
      passed(report), seconds(report.schedule.length), report.posts.taken(), report.posts.count(),
      report.posts.failures_json(), load::latency_json(report.posts.latency()),
      load::in_ms(report.posts.latency().quantile(0.99)), lag(report), inconsistencies(report),
      report.failed_checks, ours[cheap].count, ours[dear].count, report.health_calls[cheap].all,
      report.health_calls[dear].all, report.health_calls[cheap].too_early,
      report.health_calls[dear].too_early, score_json(report), checks_json(report),
      stages_json(report), findings_json(report.findings), report.load_average);
  if (report.cpu_us) text += fmt::format(R"(,"cpu_us_per_payment":{:.2f})", *report.cpu_us);
  return text + "}\n";
}

std::string to_string(const Setting& setting) {
  return fmt::format("{} ms{}", setting.delay.count(), setting.failing ? ", failing" : "");
}

}  // namespace payswitch::lab::contest
