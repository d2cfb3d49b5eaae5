#include "platform/memory.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>

#include "text/number.h"

namespace payswitch::platform {

namespace {

using std::filesystem::path;
using Limit = std::optional<std::uint64_t>;  // in bytes; nullopt: there is none

constexpr std::uint64_t mebibyte = 1ull << 20;

Limit smaller(Limit a, Limit b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// None for what is no number: "max".
Limit read_bytes(const path& file) {
  std::ifstream stream(file);
  std::string text;
  if (!std::getline(stream, text)) return std::nullopt;
  return text::parse_number<std::uint64_t>(text);
}

// A container may see its own group as the root: what is missing on the way up is passed over.
Limit smallest_upwards(const path& mount, const path& group, const char* name) {
  Limit limit;
  path at = group;
  for (;;) {
    limit = smaller(limit, read_bytes(mount / at / name));
    if (at.empty()) return limit;
    at = at.parent_path();
  }
}

bool names_memory(std::string_view controllers) {
  for (;;) {
    const std::size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == "memory") return true;
    if (comma == std::string_view::npos) return false;
    controllers.remove_prefix(comma + 1);
  }
}

Limit resource_limit(__rlimit_resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

std::uint64_t physical_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return 0;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
}

}  // namespace

MemoryLimit memory_limit(const MemoryFacts& facts) {
  MemoryLimit limit{facts.physical, "of this machine"};
  const auto bound = [&limit](Limit bytes, std::string_view source) {
    if (bytes && *bytes < limit.bytes) limit = {*bytes, source};
  };
  bound(facts.cgroup, "cgroup");
  bound(facts.address_space, "RLIMIT_AS");
  bound(facts.data, "RLIMIT_DATA");
  return limit;
}

std::string to_string(const MemoryLimit& limit) {
  return fmt::format("{} MiB of memory ({})", limit.bytes / mebibyte, limit.source);
}

// A line is "number:controllers:/path"; in version 2 there are no controllers.
Limit cgroup_memory_limit(const path& root) {
  const path mount = root / "sys/fs/cgroup";
  std::ifstream stream(root / "proc/self/cgroup");
  Limit limit;
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = std::string_view(line).substr(first + 1, second - first - 1);
    const path group = path(line.substr(second + 1)).relative_path();
    if (controllers.empty()) {
      limit = smaller(limit, smallest_upwards(mount, group, "memory.max"));
    } else if (names_memory(controllers)) {
      limit = smaller(limit, smallest_upwards(mount / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

MemoryFacts read_memory_facts() {
  return {.physical = physical_memory(),
          .cgroup = cgroup_memory_limit("/"),
          .address_space = resource_limit(RLIMIT_AS),
          .data = resource_limit(RLIMIT_DATA)};
}

}  // namespace payswitch::platform
