#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cassert>
#include <deque>
#include <optional>

#include "config/config.h"
#include "config/option.h"
#include "config/read_value.h"
#include "config/toml_file.h"
#include "payment/processor_number.h"
#include "store/origins.h"
#include "text/nearest.h"
#include "text/one_line.h"
#include "text/url.h"

namespace payswitch::config {
namespace {

using Table = std::vector<Option<Config>>;

std::unexpected<std::string> bad(const Setting& setting, const std::string& problem) {
  return std::unexpected(fmt::format("{} {}: {}", setting.path, setting.place, problem));
}

template <class T>
const Option<T>* find(const std::vector<Option<T>>& table, std::string_view path) {
  const auto found = std::ranges::find(table, path, &Option<T>::path);
  return path.empty() || found == table.end() ? nullptr : &*found;
}

bool is_section(const Table& table, std::string_view path) {
  return !path.empty() && std::ranges::any_of(table, [&](const Option<Config>& option) {
    return section_of(option.path) == path;
  });
}

template <class T>
std::vector<std::string_view> known_names(const std::vector<Option<T>>& table) {
  std::vector<std::string_view> names;
  for (const Option<T>& option : table) {
    if (option.path.empty()) continue;
    names.push_back(option.path);
    const auto section = section_of(option.path);
    if (!section.empty()) names.push_back(section);
  }
  return names;
}

std::string unknown(std::string_view path, std::string_view place,
                    std::span<const std::string_view> known) {
  const auto meant = text::nearest(path, known);
  return fmt::format("unknown option '{}' {}{}", path, place,
                     meant ? fmt::format("; did you mean '{}'?", *meant) : std::string());
}

// -- the file -----------------------------------------------------------------------------------

Applied check_sections(const Table& table, const TomlFile& file) {
  const auto names = known_names(table);
  for (const Section& section : file.sections) {
    if (is_section(table, section.path)) continue;
    if (const auto* option = find(table, section.path)) {
      return std::unexpected(fmt::format("{} {}: a section is not {}", section.path, section.place,
                                         option->form.wanted));
    }
    return std::unexpected(unknown(section.path, section.place, names));
  }
  return {};
}

template <class T>
Applied apply(const std::vector<Option<T>>& table, const Setting& setting, T& target) {
  const Option<T>* option = find(table, setting.path);
  if (option == nullptr) {
    return std::unexpected(unknown(setting.path, setting.place, known_names(table)));
  }
  if (auto applied = option->form.set(target, setting.value); !applied) {
    return bad(setting, applied.error());
  }
  return {};
}

Applied check_is_complete(const TomlFile::Processor& from) {
  for (const char* required : {"processor.name", "processor.url", "processor.fee"}) {
    if (std::ranges::find(from.settings, required, &Setting::path) == from.settings.end()) {
      return std::unexpected(
          fmt::format("{} is missing in the [[processor]] {}", required, from.place));
    }
  }
  return {};
}

Applied add_processor(const TomlFile::Processor& from, Config& config) {
  const auto table = processor_options();
  processor::Options made;
  for (const Setting& setting : from.settings) {
    if (auto applied = apply(table, setting, made); !applied) return applied;
  }
  if (auto complete = check_is_complete(from); !complete) return complete;
  const auto& others = config.processors;
  if (std::ranges::find(others, made.name, &processor::Options::name) != others.end()) {
    return std::unexpected(fmt::format("the [[processor]] {} has the same name '{}' as another one",
                                       from.place, made.name));
  }
  if (made.hang_up < made.attempt_timeout) {
    return std::unexpected(fmt::format(
        "the [[processor]] {} has a hang_up of {}, which is less than its attempt_timeout of {}",
        from.place, show_duration(made.hang_up), show_duration(made.attempt_timeout)));
  }
  config.processors.push_back(std::move(made));
  return {};
}

Applied apply_file(const Table& table, const std::string& name, Config& config) {
  const auto file = read_toml_file(name);
  if (!file) return std::unexpected(file.error());
  if (auto checked = check_sections(table, *file); !checked) return checked;
  for (const Setting& setting : file->settings) {
    const auto* option = find(table, setting.path);
    if (option && !option->alone.empty()) {
      return bad(setting, fmt::format("it is set by the flag {} only, not in a file",
                                      flag_of(option->path)));
    }
    if (is_section(table, setting.path)) {
      return bad(setting, fmt::format("{} is not a section; write [{}]", shown(setting.value),
                                      setting.path));
    }
    if (auto applied = apply(table, setting, config); !applied) return applied;
  }
  for (const auto& processor : file->processors) {
    if (auto added = add_processor(processor, config); !added) return added;
  }
  return {};
}

// -- the environment ----------------------------------------------------------------------------

Applied apply_environment(const Table& table, const Environment& environment, Config& config) {
  for (const Option<Config>& option : table) {
    if (option.environment.empty()) continue;
    const auto value = environment(std::string(option.environment));
    if (!value || value->empty()) continue;
    if (auto applied = option.form.set(config, Untyped{*value}); !applied) {
      return std::unexpected(
          fmt::format("the environment variable {}: {}", option.environment, applied.error()));
    }
  }
  return {};
}

// -- flags --------------------------------------------------------------------------------------

struct Flags {
  std::optional<std::string> config_file;
  std::vector<Setting> settings;
};

std::string unknown_flag(const Table& table, const std::string& argument) {
  if (!argument.starts_with('-')) return fmt::format("unexpected argument '{}'", argument);
  const std::string flag = argument.substr(0, argument.find('='));
  std::vector<std::string> flags{"--config"};
  for (const Option<Config>& option : table) {
    if (!option.path.empty()) flags.push_back(flag_of(option.path));
  }
  const std::vector<std::string_view> known(flags.begin(), flags.end());
  const auto meant = text::nearest(flag, known);
  return fmt::format("unknown flag '{}'{}", flag,
                     meant ? fmt::format("; did you mean '{}'?", *meant) : std::string());
}

// A flag that may stand without a value. Its storage lives until the flags are read.
struct Act {
  const Option<Config>* option;
  std::string value = {};
  const CLI::Option* flag = nullptr;
};

void add_act(CLI::App& app, Act& act) {
  const std::string name = flag_of(act.option->path);
  act.flag = app.add_flag(fmt::format("{}{{{}}}", name, act.option->alone), act.value)
                 ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
}

std::expected<Flags, std::string> read_flags(const Table& table,
                                             std::span<const std::string_view> arguments) {
  Flags flags;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_option_function<std::string>(
      "--config", [&flags](const std::string& file) { flags.config_file = file; });
  std::deque<Act> acts;
  for (const Option<Config>& option : table) {
    if (option.path.empty()) continue;
    if (!option.alone.empty()) {
      add_act(app, acts.emplace_back(&option));
      continue;
    }
    const std::string flag = flag_of(option.path);
    const auto keep = [&flags, &option, flag](const std::string& value) {
      flags.settings.push_back(
          {std::string(option.path), Untyped{value}, fmt::format("in the flag {}", flag)});
    };
    if (!option.is_repeatable) {
      app.add_option_function<std::string>(flag, keep);
      continue;
    }
    const auto keep_all = [keep](const std::vector<std::string>& values) {
      for (const auto& value : values) keep(value);
    };
    app.add_option_function<std::vector<std::string>>(flag, keep_all)->allow_extra_args(false);
  }
  try {
    // CLI11 takes them last first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ArgumentMismatch& error) {
    // Its text starts with the flag and goes on in terms of its own.
    const std::string_view text = error.what();
    return std::unexpected(fmt::format("the flag {} takes one value and may be given once",
                                       text.substr(0, text.find(':'))));
  } catch (const CLI::ParseError& error) {
    return std::unexpected(fmt::format("bad flags: {}", error.what()));
  }
  for (const Act& act : acts) {
    if (act.flag->count() == 0) continue;
    flags.settings.push_back({std::string(act.option->path), Untyped{act.value},
                              fmt::format("in the flag {}", flag_of(act.option->path))});
  }
  const auto extras = app.remaining();
  if (!extras.empty()) return std::unexpected(unknown_flag(table, extras.front()));
  return flags;
}

// -- all together -------------------------------------------------------------------------------

Applied check_moved(const Config& config) {
  std::vector<std::string_view> known;
  for (const processor::Options& one : config.processors) known.push_back(one.name);
  for (const std::string& name : config.store.moved) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto meant = text::nearest(name, known);
    return std::unexpected(
        fmt::format("moved: no processor '{}' is configured{}", name,
                    meant ? fmt::format("; did you mean '{}'?", *meant) : std::string()));
  }
  return {};
}

Applied place_processors(Config& config) {
  for (const processor::Options& one : config.processors) {
    const auto origin =
        text::format_origin({.host = one.host, .port = one.port, .base_path = one.base_path});
    if (!store::is_origin(origin)) {
      return std::unexpected(
          fmt::format("the URL of processor '{}' must be ASCII and at most {} bytes long with "
                      "host, port and path: it has {}",
                      one.name, store::max_origin_bytes, origin.size()));
    }
    config.store.processors.push_back({one.name, origin});
  }
  return check_moved(config);
}

Applied finish(Config& config) {
  if (config.processors.size() > payment::max_processors) {
    return std::unexpected(fmt::format("there are {} processors; at most {} can be configured",
                                       config.processors.size(), payment::max_processors));
  }
  if (auto placed = place_processors(config); !placed) return placed;
  if (config.is_shared() && config.data != Config{}.data) {
    return std::unexpected("data and store.url are both set: payments are kept in one place");
  }
  // A group must fit a small segment, with room for others.
  config.store.max_batch_bytes =
      std::min(config.store.max_batch_bytes, config.store.segment_bytes / 4);
  return {};
}

std::expected<Config, std::string> load_layers(std::span<const std::string_view> arguments,
                                               const Environment& environment) {
  const Table table = options();
  Config config;
  const auto flags = read_flags(table, arguments);
  if (!flags) return std::unexpected(flags.error());
  Applied applied;
  if (flags->config_file) applied = apply_file(table, *flags->config_file, config);
  if (applied) applied = apply_environment(table, environment, config);
  for (const Setting& setting : flags->settings) {
    if (applied) applied = apply(table, setting, config);
  }
  if (applied) applied = finish(config);
  if (!applied) return std::unexpected(std::move(applied.error()));
  return config;
}

}  // namespace

std::expected<Config, std::string> load(std::span<const std::string_view> flags,
                                        const Environment& environment) {
  assert(environment);
  auto config = load_layers(flags, environment);
  // Values are quoted in errors, and must not break their line.
  if (!config) return std::unexpected(text::on_one_line(config.error()));
  return config;
}

}  // namespace payswitch::config
