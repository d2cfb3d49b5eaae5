#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "config/config.h"
#include "config/option.h"

namespace payswitch::config {
namespace {

using testing::HasSubstr;

std::string example_path() {
  return PAYSWITCH_SOURCE_DIR "/payswitch.example.toml";
}

std::string example_text() {
  std::ostringstream text;
  text << std::ifstream(example_path()).rdbuf();
  return text.str();
}

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

template <class T>
void expect_distinct_names_and_a_sentence_of_help(const std::vector<Option<T>>& table) {
  std::set<std::string_view> names;
  for (const Option<T>& option : table) {
    EXPECT_FALSE(option.path.empty() && option.environment.empty());
    if (!option.path.empty()) EXPECT_TRUE(names.insert(option.path).second) << option.path;
    if (!option.environment.empty()) {
      EXPECT_TRUE(names.insert(option.environment).second) << option.environment;
    }
    EXPECT_TRUE(option.help.ends_with('.')) << option.path;
    EXPECT_FALSE(option.form.wanted.empty()) << option.path;
  }
}

TEST(OptionTable, NamesAreDistinctAndEveryRowHasItsHelp) {
  expect_distinct_names_and_a_sentence_of_help(options());
  expect_distinct_names_and_a_sentence_of_help(processor_options());
}

TEST(OptionTable, SectionsStandTogether) {
  std::set<std::string_view> closed;
  std::string_view open;
  for (const auto& option : options()) {
    if (option.path.empty() || section_of(option.path) == open) continue;
    closed.insert(open);
    open = section_of(option.path);
    EXPECT_FALSE(closed.contains(open)) << open;
  }
}

TEST(OptionTable, FlagsFollowFromThePath) {
  EXPECT_EQ(flag_of("listen"), "--listen");
  EXPECT_EQ(flag_of("limits.open_payments"), "--limits.open-payments");
  EXPECT_EQ(section_of("limits.open_payments"), "limits");
  EXPECT_EQ(section_of("listen"), "");
}

TEST(ExampleFile, SaysTheDefaultsAndItsTwoProcessors) {
  const std::string path = example_path();
  const std::vector<std::string_view> flags{"--config", path};
  const auto example = load(flags, no_environment);
  ASSERT_TRUE(example.has_value()) << example.error();

  Config expected;
  processor::Options one;
  one.name = "default";
  one.url = "http://127.0.0.1:8001";
  one.fee_ppm = 50'000;
  expected.processors.push_back(one);
  one.name = "fallback";
  one.url = "http://127.0.0.1:8002";
  one.fee_ppm = 150'000;
  expected.processors.push_back(one);
  EXPECT_EQ(to_toml(*example), to_toml(expected));
}

TEST(ExampleFile, NamesEveryOptionAndEveryVariable) {
  const std::string text = example_text();
  const auto expect_key = [&](std::string_view path) {
    const std::string key(path.substr(path.rfind('.') + 1));
    EXPECT_TRUE(text.find("\n" + key + " = ") != std::string::npos ||
                text.find("\n# " + key + " = ") != std::string::npos)
        << path;
  };
  for (const auto& option : options()) {
    if (!option.path.empty() && option.alone.empty()) expect_key(option.path);
    EXPECT_THAT(text, HasSubstr(option.environment));
  }
  for (const auto& option : processor_options()) expect_key(option.path);
}

TEST(Help, NamesEveryFlagWithDefaultRangeAndVariable) {
  const std::string text = help();
  for (const auto& option : options()) {
    if (!option.path.empty()) {
      const std::string value = option.alone.empty() ? " VALUE\n" : "[=VALUE]\n";
      EXPECT_THAT(text, HasSubstr("  " + flag_of(option.path) + value));
    }
    EXPECT_THAT(text, HasSubstr(option.environment));
    EXPECT_THAT(text, HasSubstr(option.help));
  }
  EXPECT_THAT(text, HasSubstr("--config FILE"));
  EXPECT_THAT(text, HasSubstr("Takes one of fsync, os, memory. Default: \"fsync\". Environment: "
                              "DURABILITY."));
}

TEST(OptionReference, HasARowForEveryOption) {
  const std::string text = option_reference_markdown();
  EXPECT_THAT(text, HasSubstr("| `limits.connections` | `--limits.connections` |  | `12000` | a "
                              "whole number from 1 to 1000000 |"));
  EXPECT_THAT(text, HasSubstr("|  |  | `NUM_WORKERS` |"));
  EXPECT_THAT(text, HasSubstr("| `processor.fee` |  |  |  | a number from 0 to 1"));
  EXPECT_THAT(text, HasSubstr("| `processor.hang_up` |  |  | `\"1m\"` |"));
  const auto rows = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  EXPECT_EQ(rows, 2 + options().size() + processor_options().size());
}

}  // namespace
}  // namespace payswitch::config
