#include "http/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace payswitch::http {
namespace {

using std::chrono::sys_seconds;

constexpr std::string_view weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr sys_seconds first_moment = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr sys_seconds last_moment = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) +
                                    std::chrono::days(1) - std::chrono::seconds(1);

std::string imf_fixdate(sys_seconds moment) {
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(moment - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     weekdays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()),
                     months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace

std::string_view Date::at(payment::UtcMs now) {
  const auto moment = std::chrono::floor<std::chrono::seconds>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(now.value)));
  const std::int64_t second = moment.time_since_epoch().count();
  if (second_ != second) {
    second_ = second;
    text_ = imf_fixdate(std::clamp(moment, first_moment, last_moment));
  }
  return text_;
}

}  // namespace payswitch::http
