#include "tools/contest/schedule.h"

#include <cassert>
#include <cmath>
#include <cstdint>

namespace payswitch::lab::contest {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

struct StageRow {
  milliseconds starts;
  Pair<Setting> settings;
};

constexpr std::array stage_rows{
    StageRow{1s, {{{0ms, false}, {0ms, false}}}},
    StageRow{10s, {{{100ms, false}, {0ms, false}}}},
    StageRow{20s, {{{100ms, true}, {0ms, false}}}},
    StageRow{30s, {{{2000ms, true}, {1000ms, true}}}},
    StageRow{40s, {{{20ms, false}, {20ms, false}}}},
    StageRow{50s, {{{0ms, false}, {5000ms, false}}}},
};

constexpr milliseconds whole_length = 60s;
constexpr milliseconds check_interval = 10s;
constexpr std::size_t most_clients = 550;

}  // namespace

Schedule make_schedule(double scale) {
  assert(scale >= min_scale && scale <= max_scale);
  const auto scaled = [scale](milliseconds time) {
    return milliseconds(std::llround(static_cast<double>(time.count()) * scale));
  };
  Schedule schedule{.stages = {},
                    .length = scaled(whole_length),
                    .clients = most_clients,
                    .client_rest = 1s,
                    .checks = {},
                    .check_from = scaled(15s),
                    .check_to = scaled(1500ms),
                    .last_check_from = scaled(whole_length) + 10s};
  for (StageRow row : stage_rows) {
    for (Setting& setting : row.settings) setting.delay = scaled(setting.delay);
    schedule.stages.push_back({scaled(row.starts), row.settings});
  }
  for (auto check = check_interval; check <= whole_length; check += check_interval) {
    schedule.checks.push_back(scaled(check));
  }
  return schedule;
}

platform::Duration client_starts(const Schedule& schedule, std::size_t client) {
  const auto last = static_cast<std::int64_t>(schedule.clients) - 1;
  return platform::Duration(schedule.length.count() * static_cast<std::int64_t>(client) / last);
}

std::size_t stage_at(const Schedule& schedule, platform::Duration elapsed) {
  std::size_t stage = 0;
  while (stage + 1 < schedule.stages.size() && schedule.stages[stage + 1].starts <= elapsed)
    ++stage;
  return stage;
}

}  // namespace payswitch::lab::contest
