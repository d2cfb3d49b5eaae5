#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch::platform {

// How many bytes of memory this process may take, and what says so.
struct MemoryLimit {
  std::uint64_t bytes = 0;
  std::string_view source;  // "cgroup", "RLIMIT_AS", "RLIMIT_DATA", "of this machine"
};

// What bounds it, in bytes; none: that does not.
struct MemoryFacts {
  std::uint64_t physical = 0;
  std::optional<std::uint64_t> cgroup;         // our own and those above it: the smallest
  std::optional<std::uint64_t> address_space;  // RLIMIT_AS
  std::optional<std::uint64_t> data;           // RLIMIT_DATA
};

// The smallest of them. Pure.
MemoryLimit memory_limit(const MemoryFacts& facts);

// "320 MiB of memory (cgroup)".
std::string to_string(const MemoryLimit& limit);

// The smallest limit of the cgroup that `root`/proc/self/cgroup names and of those above it, of
// either version. What cannot be read bounds nothing.
std::optional<std::uint64_t> cgroup_memory_limit(const std::filesystem::path& root);

// Of this process, as it is now.
MemoryFacts read_memory_facts();

}  // namespace payswitch::platform
