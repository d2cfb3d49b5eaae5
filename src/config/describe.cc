#include <fmt/format.h>

#include "config/config.h"
#include "config/option.h"

namespace payswitch::config {
namespace {

constexpr const char* usage =
    "Usage: payswitch serve [--config FILE] [flags]\n"
    "\n"
    "A flag beats the environment, the environment beats the file, the file beats the default.\n"
    "Durations are a number and ms, s, m or h. Processors are listed in the file; see\n"
    "payswitch.example.toml.\n"
    "\n"
    "  --config FILE\n"
    "      The TOML file to read. None is read without it.\n";

std::string remark(std::string_view label, std::string_view text) {
  return text.empty() ? std::string() : fmt::format(" {} {}.", label, text);
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", text);
}

// An act is no key of the file.
template <class T>
std::string key_of(const Option<T>& option) {
  return option.alone.empty() ? code(option.path) : std::string();
}

template <class T>
std::string row(const Option<T>& option, const std::string& flag, const std::string& shown) {
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", key_of(option), code(flag),
                     code(option.environment), code(shown), option.form.wanted, option.help);
}

template <class T>
std::string assignment(const Option<T>& option, const T& from) {
  const std::string_view key = option.path.substr(option.path.rfind('.') + 1);
  const std::string shown = option.form.show(from);
  return shown.empty() ? std::string() : fmt::format("{} = {}\n", key, shown);
}

}  // namespace

std::string help() {
  std::string text = usage;
  const Config defaults;
  for (const auto& option : options()) {
    if (option.path.empty()) continue;
    const std::string value =
        option.alone.empty() ? std::string(" VALUE") : std::string("[=VALUE]");
    text +=
        fmt::format("\n  {}{}\n      {}\n      Takes {}.{}{}\n", flag_of(option.path), value,
                    option.help, option.form.wanted, remark("Default:", option.form.show(defaults)),
                    remark("Environment:", option.environment));
  }
  text += "\nFrom the environment only:\n";
  for (const auto& option : options()) {
    if (option.path.empty())
      text += fmt::format("\n  {}\n      {}\n", option.environment, option.help);
  }
  return text;
}

std::string option_reference_markdown() {
  std::string text =
      "| file | flag | environment | default | takes | what it does |\n"
      "|---|---|---|---|---|---|\n";
  const Config defaults;
  for (const auto& option : options()) {
    const std::string flag = option.path.empty() ? std::string() : flag_of(option.path);
    text += row(option, flag, option.path.empty() ? std::string() : option.form.show(defaults));
  }
  const processor::Options one;
  for (const auto& option : processor_options()) {
    const bool required = option.path == "processor.name" || option.path == "processor.url" ||
                          option.path == "processor.fee";
    text += row(option, "", required ? std::string() : option.form.show(one));
  }
  return text;
}

std::string to_toml(const Config& config) {
  std::string text;
  std::string_view section;
  for (const auto& option : options()) {
    if (option.path.empty()) continue;
    if (section_of(option.path) != section) {
      section = section_of(option.path);
      text += fmt::format("\n[{}]\n", section);
    }
    text += assignment(option, config);
  }
  for (const auto& processor : config.processors) {
    text += "\n[[processor]]\n";
    for (const auto& option : processor_options()) text += assignment(option, processor);
  }
  return text;
}

}  // namespace payswitch::config
