#include "payment/time.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>

namespace payswitch::payment {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_time;
using std::chrono::year_month_day;

constexpr int max_fraction_digits = 9;

constexpr UtcMs first_moment{
    sys_time<milliseconds>(sys_days(std::chrono::year(0) / 1 / 1)).time_since_epoch().count()};
constexpr UtcMs last_moment{
    sys_time<milliseconds>(sys_days(std::chrono::year(10000) / 1 / 1)).time_since_epoch().count() -
    1};

// Reads from the front; a step that does not fit changes nothing and says so.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  bool skip_one_of(std::string_view choices) {
    if (rest_.empty() || !choices.contains(rest_.front())) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `count` digits, of a value within [0, largest].
  std::optional<int> number(std::size_t count, int largest) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (!is_digit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    if (value > largest) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

  std::string_view digits() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_digit);
    const auto found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    return found;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
};

struct Fraction {
  milliseconds floor{0};
  bool exact = true;
};

std::optional<sys_days> read_date(Reader& reader) {
  const auto year = reader.number(4, 9999);
  if (!year || !reader.skip_one_of("-")) return std::nullopt;
  const auto month = reader.number(2, 12);
  if (!month || !reader.skip_one_of("-")) return std::nullopt;
  const auto day = reader.number(2, 31);
  if (!day) return std::nullopt;
  const year_month_day date(std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

std::optional<seconds> read_time_of_day(Reader& reader) {
  const auto hour = reader.number(2, 23);
  if (!hour || !reader.skip_one_of(":")) return std::nullopt;
  const auto minute = reader.number(2, 59);
  if (!minute || !reader.skip_one_of(":")) return std::nullopt;
  const auto second = reader.number(2, 59);
  if (!second) return std::nullopt;
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

std::optional<Fraction> read_fraction(Reader& reader) {
  if (!reader.skip_one_of(".")) return Fraction{};
  const auto digits = reader.digits();
  if (digits.empty() || digits.size() > max_fraction_digits) return std::nullopt;
  int nanos = 0;
  for (std::size_t i = 0; i < max_fraction_digits; ++i) {
    nanos = nanos * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  return Fraction{milliseconds(nanos / 1'000'000), nanos % 1'000'000 == 0};
}

// How far local time is ahead of UTC.
std::optional<minutes> read_zone(Reader& reader) {
  if (reader.at_end() || reader.skip_one_of("Zz")) return minutes(0);
  const bool behind = reader.skip_one_of("-");
  if (!behind && !reader.skip_one_of("+")) return std::nullopt;
  const auto hour = reader.number(2, 23);
  if (!hour) return std::nullopt;
  reader.skip_one_of(":");
  const auto minute = reader.number(2, 59);
  if (!minute) return std::nullopt;
  const minutes ahead = hours(*hour) + minutes(*minute);
  return behind ? -ahead : ahead;
}

// Exactly `width` digits, ending just before `end`.
void write_number(char* end, int width, int value) {
  for (; width > 0; --width, value /= 10) *--end = static_cast<char>('0' + value % 10);
  assert(value == 0);
}

}  // namespace

std::optional<IsoTime> parse_iso8601(std::string_view text) {
  Reader reader(text);
  const auto date = read_date(reader);
  if (!date || !reader.skip_one_of("Tt ")) return std::nullopt;
  const auto time_of_day = read_time_of_day(reader);
  if (!time_of_day) return std::nullopt;
  const auto fraction = read_fraction(reader);
  if (!fraction) return std::nullopt;
  const auto zone = read_zone(reader);
  if (!zone || !reader.at_end()) return std::nullopt;

  const sys_time<milliseconds> moment = *date + *time_of_day + fraction->floor - *zone;
  return IsoTime{UtcMs{moment.time_since_epoch().count()}, fraction->exact};
}

std::string format_iso8601(UtcMs time) {
  std::string text;
  append_iso8601(text, time);
  return text;
}

void append_iso8601(std::string& out, UtcMs time) {
  const UtcMs shown = std::clamp(time, first_moment, last_moment);
  const sys_time<milliseconds> moment{milliseconds(shown.value)};
  const auto day = std::chrono::floor<days>(moment);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(moment - day);

  constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
  out += form;
  char* const begin = out.data() + out.size() - form.size();
  write_number(begin + 4, 4, static_cast<int>(date.year()));
  write_number(begin + 7, 2, static_cast<int>(static_cast<unsigned>(date.month())));
  write_number(begin + 10, 2, static_cast<int>(static_cast<unsigned>(date.day())));
  write_number(begin + 13, 2, static_cast<int>(clock.hours().count()));
  write_number(begin + 16, 2, static_cast<int>(clock.minutes().count()));
  write_number(begin + 19, 2, static_cast<int>(clock.seconds().count()));
  write_number(begin + 23, 3, static_cast<int>(clock.subseconds().count()));
}

}  // namespace payswitch::payment
