#include "config/toml_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace payswitch::config {
namespace {

class Flattener {
 public:
  explicit Flattener(const std::string& name) : name_(name) {}

  std::expected<TomlFile, std::string> flatten(const toml::table& root) {
    for (const auto& [key, node] : root) {
      if (key.str() != "processor") {
        add(std::string(key.str()), node);
      } else if (!add_processors(node)) {
        return std::unexpected(fmt::format(
            "processor {}: write [[processor]] above the keys of each one", place(node)));
      }
    }
    return std::move(file_);
  }

 private:
  std::string place(const toml::node& node) const {
    return fmt::format("in {} line {}", name_, node.source().begin.line);
  }

  static Value value_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* integer = node.as_integer()) return integer->get();
    if (const auto* number = node.as_floating_point()) return number->get();
    if (const auto* boolean = node.as_boolean()) return Unusable{boolean->get() ? "true" : "false"};
    if (node.is_array()) return Unusable{"an array"};
    if (node.is_table()) return Unusable{"a table"};
    return Unusable{"a date or time"};
  }

  void add(const std::string& path, const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr) {
      file_.settings.push_back({path, value_of(node), place(node)});
      return;
    }
    file_.sections.push_back({path, place(node)});
    for (const auto& [key, child] : *table) add(fmt::format("{}.{}", path, key.str()), child);
  }

  bool add_processors(const toml::node& node) {
    const auto* array = node.as_array();
    if (array == nullptr) return false;
    for (const toml::node& element : *array) {
      const auto* table = element.as_table();
      if (table == nullptr) return false;
      TomlFile::Processor processor{.place = place(element), .settings = {}};
      for (const auto& [key, child] : *table) {
        processor.settings.push_back(
            {fmt::format("processor.{}", key.str()), value_of(child), place(child)});
      }
      file_.processors.push_back(std::move(processor));
    }
    return true;
  }

  const std::string& name_;
  TomlFile file_;
};

std::string cannot_read(const std::string& file) {
  return fmt::format("cannot read '{}': {}", file, std::generic_category().message(errno));
}

}  // namespace

std::expected<TomlFile, std::string> parse_toml(const std::string& text, const std::string& name) {
  try {
    return Flattener(name).flatten(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return std::unexpected(
        fmt::format("{} line {}: {}", name, error.source().begin.line, error.description()));
  }
}

std::expected<TomlFile, std::string> read_toml_file(const std::string& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "re"),
                                                               &std::fclose);
  if (!stream) return std::unexpected(cannot_read(file));
  std::string text(max_file_bytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) return std::unexpected(cannot_read(file));
  if (text.size() > max_file_bytes) {
    return std::unexpected(fmt::format("'{}' is longer than {} bytes, the limit of a configuration",
                                       file, max_file_bytes));
  }
  return parse_toml(text, file);
}

}  // namespace payswitch::config
