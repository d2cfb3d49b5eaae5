#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/contest/check.h"
#include "tools/contest/comparison.h"
#include "tools/contest/score.h"
#include "tools/load/tally.h"

// What came out of a run, and how it is shown. Pure.
namespace payswitch::lab::contest {

struct StageFigures {
  load::Tally posts;  // sent in it
  // By the requestedAt in the books: a payment accepted in one stage may go out in another.
  Pair<std::uint64_t> booked{};
  // From the moment at which the processors behave that way.
  std::optional<platform::Duration> first_at_cheap;
  std::optional<platform::Duration> last_at_dear;
};

// `began` is the moment of each stage, from the first one's, the beginning of the run, on.
std::vector<StageFigures> figures_by_stage(const std::vector<load::Tally>& posts,
                                           const std::vector<payment::UtcMs>& began,
                                           const Pair<std::vector<BookLine>>& books);

struct Report {
  Schedule schedule;
  load::Tally posts;
  std::vector<StageFigures> stages;
  std::vector<Check> checks;  // without the last one
  std::uint64_t failed_checks = 0;
  Check last_check;
  std::vector<Finding> findings;
  Pair<HealthCalls> health_calls;  // during the run
  std::optional<double> cpu_us;    // of the switch's process, a payment taken
  double load_average = 0;
};

// The last check counts too.
std::uint64_t inconsistencies(const Report& report);
// Payments answered 2xx that the last summary does not have; negative when it has more.
std::int64_t lag(const Report& report);
Score score(const Report& report);
// Something was taken, no inconsistency, no lag, every payment is in the books as it should be, and
// no processor was asked for its health twice in five seconds.
bool passed(const Report& report);

std::string to_text(const Report& report);
std::string to_json(const Report& report);

// "100 ms", "2000 ms, failing"
std::string to_string(const Setting& setting);

}  // namespace payswitch::lab::contest
