#include "metrics/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <sstream>
#include <vector>

namespace payswitch::metrics {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

std::string value_of(double value) {
  PrometheusText text;
  text.gauge("g", "h");
  text.sample(value);
  const std::string line = text.text().substr(text.text().rfind("\ng ") + 3);
  return line.substr(0, line.size() - 1);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> histogram_lines(const Histogram& histogram) {
  PrometheusText text;
  text.histogram("h", "h");
  text.sample(histogram);
  return lines_of(text.text());
}

TEST(PrometheusText, OpensAFamilyOnceAndListsItsSamples) {
  PrometheusText text;
  text.counter("payswitch_attempts_total", "Attempts, by answer.");
  text.sample(std::uint64_t{3}, {{"processor", "default"}, {"answer", "taken"}});
  text.sample(std::uint64_t{0}, {{"processor", "fallback"}, {"answer", "taken"}});
  text.gauge("payswitch_backlog", "Open payments.");
  text.sample(2.5);
  EXPECT_EQ(text.text(),
            "# HELP payswitch_attempts_total Attempts, by answer.\n"
            "# TYPE payswitch_attempts_total counter\n"
            "payswitch_attempts_total{processor=\"default\",answer=\"taken\"} 3\n"
            "payswitch_attempts_total{processor=\"fallback\",answer=\"taken\"} 0\n"
            "# HELP payswitch_backlog Open payments.\n"
            "# TYPE payswitch_backlog gauge\n"
            "payswitch_backlog 2.5\n");
}

TEST(PrometheusText, EscapesLabelValues) {
  PrometheusText text;
  text.gauge("g", "h");
  text.sample(std::uint64_t{1}, {{"why", "a \"quoted\" C:\\path\nand a line"}});
  EXPECT_THAT(text.text(), EndsWith("g{why=\"a \\\"quoted\\\" C:\\\\path\\nand a line\"} 1\n"));
}

TEST(PrometheusText, EscapesHelpButLeavesItsQuotes) {
  PrometheusText text;
  text.gauge("g", "one \"line\"\\\nonly");
  EXPECT_EQ(text.text(), "# HELP g one \"line\"\\\\\\nonly\n# TYPE g gauge\n");
}

TEST(PrometheusText, WritesNumbersWithTheFewestDigitsThatReadBack) {
  EXPECT_EQ(value_of(0), "0");
  EXPECT_EQ(value_of(0.1), "0.1");
  EXPECT_EQ(value_of(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(value_of(-1.5), "-1.5");
  EXPECT_EQ(value_of(1e100), "1e+100");
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponents(-300, 300);
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::pow(10, exponents(random));
    ASSERT_EQ(std::strtod(value_of(value).c_str(), nullptr), value);
  }
}

TEST(PrometheusText, WritesWhatIsNoFiniteNumberAsTheFormatWants) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(value_of(infinity), "+Inf");
  EXPECT_EQ(value_of(-infinity), "-Inf");
  EXPECT_EQ(value_of(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(value_of(-std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(PrometheusText, WritesThe64thBitOfACount) {
  PrometheusText text;
  text.counter("c", "h");
  text.sample(std::numeric_limits<std::uint64_t>::max());
  EXPECT_THAT(text.text(), EndsWith("\nc 18446744073709551615\n"));
}

TEST(PrometheusText, WritesMoneyAsItStands) {
  PrometheusText text;
  text.counter("fees", "h");
  text.sample_text("12345678901234567890.10", {{"processor", "default"}});
  EXPECT_THAT(text.text(), EndsWith("fees{processor=\"default\"} 12345678901234567890.10\n"));
}

TEST(PrometheusText, WritesAHistogramCumulativelyWithSumAndCount) {
  Histogram histogram;
  histogram.record(100us);
  histogram.record(3ms);
  histogram.record(3ms);
  histogram.record(70s);
  PrometheusText text;
  text.histogram("sync_seconds", "Journal syncs.");
  text.sample(histogram, {{"disk", "a"}});
  const auto lines = lines_of(text.text());
  ASSERT_EQ(lines.size(), 2u + 18 + 3);
  EXPECT_EQ(lines[1], "# TYPE sync_seconds histogram");
  EXPECT_EQ(lines[2], "sync_seconds_bucket{disk=\"a\",le=\"0.0001\"} 1");
  EXPECT_EQ(lines[6], "sync_seconds_bucket{disk=\"a\",le=\"0.0025\"} 1");
  EXPECT_EQ(lines[7], "sync_seconds_bucket{disk=\"a\",le=\"0.005\"} 3");
  EXPECT_EQ(lines[19], "sync_seconds_bucket{disk=\"a\",le=\"60\"} 3");
  EXPECT_EQ(lines[20], "sync_seconds_bucket{disk=\"a\",le=\"+Inf\"} 4");
  EXPECT_EQ(lines[21], "sync_seconds_sum{disk=\"a\"} 70.0061");
  EXPECT_EQ(lines[22], "sync_seconds_count{disk=\"a\"} 4");
}

TEST(PrometheusText, EveryBoundCountsWhatItsNameSaysAndNothingASixteenthBeyond) {
  const auto empty = histogram_lines(Histogram());
  for (std::size_t i = 2; i < 20; ++i) {
    const double bound = std::stod(empty[i].substr(empty[i].find("le=\"") + 4));
    Histogram histogram;
    histogram.record(std::chrono::nanoseconds(std::llround(bound * 1e9)));
    histogram.record(std::chrono::nanoseconds(std::llround(bound * 1e9 * 17 / 16) + 1));
    const auto lines = histogram_lines(histogram);
    EXPECT_THAT(lines[i], EndsWith("} 1"));
    if (i > 2) EXPECT_THAT(lines[i - 1], EndsWith("} 0"));
    EXPECT_THAT(lines[i + 1], EndsWith("} 2"));
  }
}

TEST(PrometheusText, AHistogramWithoutLabelsHasOnlyItsBounds) {
  const auto lines = histogram_lines(Histogram());
  EXPECT_EQ(lines[2], "h_bucket{le=\"0.0001\"} 0");
  EXPECT_EQ(lines[20], "h_bucket{le=\"+Inf\"} 0");
  EXPECT_EQ(lines[21], "h_sum 0");
  EXPECT_EQ(lines[22], "h_count 0");
}

TEST(PrometheusText, ANewFamilyAfterAHistogramTakesPlainSamplesAgain) {
  PrometheusText text;
  text.histogram("h", "h");
  text.sample(Histogram());
  text.gauge("g", "h");
  text.sample(std::uint64_t{1});
  EXPECT_THAT(text.text(), HasSubstr("h_count 0\n# HELP g h\n# TYPE g gauge\ng 1\n"));
}

TEST(PrometheusTextDeathTest, ASampleOfNoFamilyOrOfTheWrongKindIsABug) {
  PrometheusText text;
  EXPECT_DEATH(text.sample(1.0), "name_");
  text.gauge("g", "h");
  EXPECT_DEATH(text.sample(Histogram()), "is_histogram_");
  text.histogram("h", "h");
  EXPECT_DEATH(text.sample(1.0), "is_histogram_");
}

}  // namespace
}  // namespace payswitch::metrics
