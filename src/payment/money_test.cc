#include "payment/money.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <limits>
#include <optional>
#include <random>
#include <regex>
#include <vector>

namespace payswitch::payment {
namespace {

using boost::multiprecision::cpp_int;
using Parsed = std::expected<Money, MoneyError>;

Parsed cents(std::int64_t value) {
  return Money::from_cents(value);
}
Parsed error(MoneyError value) {
  return std::unexpected(value);
}

std::string describe(const Parsed& parsed) {
  return parsed ? parsed->to_string() : std::string(to_string(parsed.error()));
}

void expect_all(const std::vector<std::string>& numbers, const Parsed& expected) {
  for (const auto& number : numbers) {
    EXPECT_EQ(describe(Money::parse(number)), describe(expected)) << '"' << number << '"';
  }
}

cpp_int power_of_ten(unsigned exponent) {
  return pow(cpp_int(10), exponent);
}

// The same rules, said in another way: a regular expression and integers without bounds.
Parsed naive_parse(const std::string& text) {
  static const std::regex grammar(R"((-?)(0|[1-9][0-9]*)(\.([0-9]+))?([eE]([+-]?[0-9]+))?)");
  std::smatch parts;
  if (!std::regex_match(text, parts, grammar)) return error(MoneyError::not_a_number);
  std::string digits = parts[2].str() + parts[4].str();
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));  // no octal numbers
  cpp_int value(digits.empty() ? "0" : digits);
  if (value == 0 || parts[1].length() > 0) return error(MoneyError::not_positive);
  const int exponent = parts[6].length() > 0 ? std::stoi(parts[6].str()) : 0;
  const int shift = exponent - static_cast<int>(parts[4].length()) + 2;
  if (shift < 0) {
    const cpp_int unit = power_of_ten(static_cast<unsigned>(-shift));
    if (value % unit != 0) return error(MoneyError::too_many_places);
    value /= unit;
  } else {
    value *= power_of_ten(static_cast<unsigned>(shift));
  }
  if (value > Money::max_cents) return error(MoneyError::too_large);
  return cents(static_cast<std::int64_t>(value));
}

class Source {
 public:
  explicit Source(std::uint64_t seed) : random_(seed) {}

  int below(int end) { return std::uniform_int_distribution(0, end - 1)(random_); }
  bool random(int percent) { return below(100) < percent; }

  std::string digits(int count) {
    std::string text;
    while (count-- > 0) text += static_cast<char>('0' + (random(50) ? 0 : below(10)));
    return text;
  }

  // Fewer than `end` of them.
  std::string zeros(int end) { return std::string(static_cast<std::size_t>(below(end)), '0'); }

  // Of every size equally often.
  std::int64_t amount() {
    std::int64_t size = 10;
    for (int i = below(12); i > 0; --i) size *= 10;
    return std::uniform_int_distribution<std::int64_t>(1, size - 1)(random_);
  }

 private:
  std::mt19937_64 random_;
};

// One of the endless ways to write an amount: the point anywhere, the exponent making up for it.
std::string spell(std::int64_t cents, Source& source) {
  std::string digits = std::to_string(cents) + source.zeros(20);
  const int added = static_cast<int>(digits.size() - std::to_string(cents).size());
  const int places = source.below(30);
  if (places >= static_cast<int>(digits.size())) {
    digits.insert(0, static_cast<std::size_t>(places) + 1 - digits.size(), '0');
  }
  const auto point = digits.size() - static_cast<std::size_t>(places);
  const int exponent = places - added - 2;
  std::string text = digits.substr(0, point);
  if (places > 0) text += "." + digits.substr(point);
  if (exponent != 0 || source.random(30)) {
    text += source.random(50) ? 'e' : 'E';
    text += exponent < 0 ? "-" : source.random(50) ? "+" : "";
    text += source.zeros(5) + std::to_string(std::abs(exponent));
  }
  return text;
}

std::string random_number(Source& source) {
  std::string text = source.random(5) ? "-" : "";
  std::string integer = source.digits(1 + source.below(source.random(20) ? 40 : 8));
  integer.erase(0, std::min(integer.find_first_not_of('0'), integer.size() - 1));
  text += integer;
  if (source.random(60)) text += "." + source.digits(1 + source.below(source.random(20) ? 40 : 4));
  if (source.random(60)) {
    text += source.random(50) ? "e" : "E";
    text += source.random(40) ? "-" : source.random(50) ? "+" : "";
    text += std::to_string(source.below(source.random(10) ? 500 : 14));
  }
  return text;
}

TEST(Money, TheSameAmountIsReadFromEverySpelling) {
  expect_all({"19.9", "19.90", "19.900", "19.90000000000000000000000", "1.99e1", "1.99E1",
              "1.99e+1", "0.0199e3", "1990e-2", "19900e-3", "0.199e0000000000000000000000002"},
             cents(1990));
}

TEST(Money, ThreePlacesAreAnErrorUnlessTheThirdIsZero) {
  expect_all({"1e-3", "0.001", "19.901", "19.9001", "199e-3", "0.01e-1", "9999999999.991"},
             error(MoneyError::too_many_places));
  expect_all({"0.010", "10e-3", "1e-2", "0.01"}, cents(1));
}

TEST(Money, ZeroAndNegativesAreNotPositive) {
  expect_all({"0", "0.00", "0e99", "0e-99", "0.000e999999999999999999999", "-0", "-0.0", "-1",
              "-0.01", "-1e-3", "-1e400"},
             error(MoneyError::not_positive));
}

TEST(Money, WhatJsonDoesNotCallANumberIsNotANumber) {
  expect_all({"",     "NaN",   "Infinity", "-",     "01",   "-01",  "00",   "+1",
              ".5",   "5.",    "5.e1",     "1e",    "1e+",  "1e-",  "1e1.", "1e1.5",
              " 1",   "1 ",    "1,5",      "1_000", "0x10", "1f",   "--1",  "1..2",
              "1e5e", "\"1\"", "null",     "1.-2",  "e5",   "1e 5", "1\n",  "\xd9\xa1"},
             error(MoneyError::not_a_number));
  expect_all({std::string("1\0", 2), std::string("\0", 1)}, error(MoneyError::not_a_number));
}

TEST(Money, TheLargestAmountIsReadAndOneCentMoreIsTooLarge) {
  expect_all({"9999999999.99", "999999999999e-2", "0.999999999999e10"}, cents(Money::max_cents));
  expect_all({"10000000000", "10000000000.00", "1e10", "0.1e11", "100000000000e-1"},
             error(MoneyError::too_large));
  expect_all({"0.01"}, cents(1));
}

TEST(Money, AnyExponentIsSafe) {
  expect_all({"1e400", "1e2147483648", "1e9223372036854775807", "1e9223372036854775808",
              "0.001e99999999999999999999999", "1e" + std::string(10'000, '9')},
             error(MoneyError::too_large));
  expect_all({"1e-400", "1e-2147483649", "1e-9223372036854775809", "1000e-99999999999999999999999",
              "1e-" + std::string(10'000, '9')},
             error(MoneyError::too_many_places));
}

TEST(Money, AnExponentMayMakeUpForAnyNumberOfZeros) {
  const std::string zeros(100'000, '0');
  expect_all({"0." + zeros + "1e100001", "1" + zeros + "e-100000", "1." + zeros}, cents(100));
  expect_all({"0." + zeros + "1e100011"}, error(MoneyError::too_large));
  expect_all({"0." + zeros + "1e99998"}, error(MoneyError::too_many_places));
}

TEST(Money, ErrorsAreToldInTheOrderSignPlacesSize) {
  expect_all({"-10000000000.001", "-10000000000"}, error(MoneyError::not_positive));
  expect_all({"10000000000.001"}, error(MoneyError::too_many_places));
}

TEST(Money, EveryErrorHasItsOwnWords) {
  EXPECT_EQ(to_string(MoneyError::not_a_number), "must be a number");
  EXPECT_EQ(to_string(MoneyError::not_positive), "must be greater than zero");
  EXPECT_EQ(to_string(MoneyError::too_many_places), "has more than two decimal places");
  EXPECT_EQ(to_string(MoneyError::too_large), "is too large");
}

TEST(Money, IsWrittenWithTwoPlacesAndNoExponent) {
  EXPECT_EQ(Money().to_string(), "0.00");
  EXPECT_EQ(Money::from_cents(1).to_string(), "0.01");
  EXPECT_EQ(Money::from_cents(10).to_string(), "0.10");
  EXPECT_EQ(Money::from_cents(100).to_string(), "1.00");
  EXPECT_EQ(Money::from_cents(1990).to_string(), "19.90");
  EXPECT_EQ(Money::from_cents(Money::max_cents).to_string(), "9999999999.99");
}

TEST(Money, IsOrderedByAmount) {
  EXPECT_LT(Money::from_cents(999), Money::from_cents(1000));
  EXPECT_EQ(Money::from_cents(5), Money::from_cents(5));
}

TEST(MoneyDeathTest, CentsOutsideTheRangeAreABug) {
  EXPECT_EQ(Money::from_cents(0).cents(), 0);
  EXPECT_EQ(Money::from_cents(Money::max_cents).cents(), Money::max_cents);
  EXPECT_DEATH(Money::from_cents(-1), "cents >= 0");
  EXPECT_DEATH(Money::from_cents(Money::max_cents + 1), "cents <= max_cents");
}

TEST(MoneyProperty, EveryAmountReadsBackFromWhatItWrote) {
  Source source(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto amount = cents(source.amount());
    ASSERT_EQ(Money::parse(amount->to_string()), amount) << amount->to_string();
  }
}

TEST(MoneyProperty, EverySpellingOfAnAmountIsThatAmount) {
  Source source(2);
  for (int i = 0; i < 100'000; ++i) {
    const auto amount = cents(source.amount());
    const std::string text = spell(amount->cents(), source);
    ASSERT_EQ(Money::parse(text), amount) << text;
  }
}

TEST(MoneyProperty, NumbersAreReadAsByIntegersWithoutBounds) {
  Source source(3);
  std::array<int, 5> seen{};
  for (int i = 0; i < 100'000; ++i) {
    const std::string text = random_number(source);
    const auto expected = naive_parse(text);
    ASSERT_EQ(describe(Money::parse(text)), describe(expected)) << text;
    ++seen[expected ? 0 : 1 + static_cast<std::size_t>(expected.error())];
  }
  // The generator is worth its run only if it reaches every answer but "must be a number".
  EXPECT_GT(seen[0], 10'000);
  EXPECT_GT(seen[2], 1'000);
  EXPECT_GT(seen[3], 10'000);
  EXPECT_GT(seen[4], 10'000);
}

TEST(MoneyProperty, TextThatIsAlmostANumberIsReadAsTheGrammarSays) {
  constexpr std::string_view alphabet = "0123456789.eE+- ";
  Source source(4);
  int numbers = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = random_number(source);
    for (int edits = 1 + source.below(2); edits > 0; --edits) {
      const auto at = static_cast<std::size_t>(source.below(static_cast<int>(text.size()) + 1));
      const char c = alphabet[static_cast<std::size_t>(source.below(alphabet.size()))];
      if (source.random(50)) {
        text.insert(at, 1, c);
      } else if (at < text.size()) {
        text.erase(at, 1);
      }
    }
    if (const auto e = text.find_first_of("eE"); e != text.npos && text.size() - e > 6) continue;
    const auto expected = naive_parse(text);
    numbers += expected != error(MoneyError::not_a_number);
    ASSERT_EQ(describe(Money::parse(text)), describe(expected)) << '"' << text << '"';
  }
  EXPECT_GT(numbers, 10'000);
  EXPECT_LT(numbers, 90'000);
}

TEST(Total, CountsAndAddsUpExactly) {
  Total total;
  EXPECT_EQ(total.amount(), "0.00");
  total.add(Money::from_cents(1990));
  total.add(Money::from_cents(10));
  EXPECT_EQ(total.count, 2u);
  EXPECT_EQ(total.amount(), "20.00");
  Total other;
  other.add(Money::from_cents(1));
  other += total;
  EXPECT_EQ(other, (Total{.count = 3, .cents = 2001}));
  EXPECT_NE(other, total);
}

TEST(Total, HoldsMoreThan64BitsOfCents) {
  Total total;
  total.add(Money::from_cents(Money::max_cents));
  for (int doublings = 0; doublings < 40; ++doublings) total += Total(total);
  EXPECT_EQ(total.count, std::uint64_t{1} << 40);
  EXPECT_EQ(total.amount(), "10995116277749004883722.24");
}

TEST(FormatCents, WritesTwoPlacesAndTheSign) {
  EXPECT_EQ(format_cents(0), "0.00");
  EXPECT_EQ(format_cents(7), "0.07");
  EXPECT_EQ(format_cents(-7), "-0.07");
  EXPECT_EQ(format_cents(-100), "-1.00");
  EXPECT_EQ(format_cents(123456780), "1234567.80");
}

TEST(FormatCents, WritesTheEndsOf128Bits) {
  const auto largest = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);
  EXPECT_EQ(format_cents(largest), "1701411834604692317316873037158841057.27");
  EXPECT_EQ(format_cents(-largest - 1), "-1701411834604692317316873037158841057.28");
}

TEST(FormatCents, AgreesWithIntegersWithoutBounds) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = static_cast<unsigned __int128>(random()) << 64 | random();
    const auto value = static_cast<__int128>(bits) >> random() % 127;
    std::string expected = cpp_int(abs(cpp_int(value))).str();
    if (expected.size() < 3) expected.insert(0, 3 - expected.size(), '0');
    expected.insert(expected.size() - 2, ".");
    if (value < 0) expected.insert(0, "-");
    ASSERT_EQ(format_cents(value), expected);
  }
}

}  // namespace
}  // namespace payswitch::payment
