#pragma once

#include <expected>
#include <string>
#include <vector>

#include "config/setting.h"

namespace payswitch::config {

// A file longer than this is no configuration.
inline constexpr std::size_t max_file_bytes = 1 << 20;

struct Section {
  std::string path;
  std::string place;
};

// What a TOML file says, flat, before anyone asks what it means.
struct TomlFile {
  struct Processor {
    std::string place;
    std::vector<Setting> settings;  // their paths start with "processor."
  };
  std::vector<Section> sections;
  std::vector<Setting> settings;
  std::vector<Processor> processors;
};

// An error is one line that names the file, and the line when it is not TOML.
std::expected<TomlFile, std::string> read_toml_file(const std::string& file);

// The same for a text; `name` stands for the file in places and errors.
std::expected<TomlFile, std::string> parse_toml(const std::string& text, const std::string& name);

}  // namespace payswitch::config
