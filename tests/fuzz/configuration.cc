// A configuration file, and behind a zero byte each a flag or a NAME=value of the environment. What
// is refused is refused in one line; what is taken and written down is taken the same again.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <string>
#include <vector>

#include "config/config.h"

namespace {

using namespace payswitch;

// A file that is nowhere on a disk.
class File {
 public:
  explicit File(std::string_view text) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    assert(descriptor_ >= 0);
    const auto written = write(descriptor_, text.data(), text.size());
    assert(written == static_cast<ssize_t>(text.size()));
  }
  ~File() { close(descriptor_); }
  std::string flag() const { return "--config=/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) c == '\0' ? (void)parts.emplace_back() : parts.back().push_back(c);
  return parts;
}

std::expected<config::Config, std::string> load(const std::vector<std::string>& parts) {
  const File file(parts.front());
  std::vector<std::string> flags{file.flag()};
  std::map<std::string, std::string> variables;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto sign = parts[i].find('=');
    if (parts[i].starts_with('-') || sign == std::string::npos) {
      flags.push_back(parts[i]);
    } else {
      variables.insert_or_assign(parts[i].substr(0, sign), parts[i].substr(sign + 1));
    }
  }
  // It would name a file of this machine.
  for (std::size_t i = 1; i < flags.size(); ++i) {
    if (flags[i].starts_with("--config")) flags[i] = "--configuration";
  }
  const std::vector<std::string_view> views(flags.begin(), flags.end());
  return config::load(views, [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto loaded = load(split({reinterpret_cast<const char*>(data), size}));
  if (!loaded) {
    assert(!loaded.error().empty() && !loaded.error().contains('\n'));
    return 0;
  }
  const std::string written = config::to_toml(*loaded);
  // A file name may hold any bytes, a TOML file only UTF-8.
  if (!std::ranges::all_of(written, [](char c) { return static_cast<signed char>(c) >= 0; }))
    return 0;
  const auto again = load({written});
  assert(again);
  assert(config::to_toml(*again) == written);
  return 0;
}
