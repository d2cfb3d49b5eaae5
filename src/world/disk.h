#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::world {

struct DiskError {
  int code = 0;      // errno
  std::string what;  // operation and file, for a person
  std::string message() const;
};

template <class T>
using DiskResult = std::expected<T, DiskError>;

using Bytes = std::vector<std::byte>;

// How far a write must have come before it counts as done.
enum class Durability : std::uint8_t {
  fsync,   // survives the loss of the machine's power
  os,      // survives the death of the process
  memory,  // survives nothing
};

std::string_view to_string(Durability durability);

// One data directory of flat files. The synchronous half is for starting up, before the loop runs;
// the asynchronous half is for the path of a payment: it returns at once and completes on the loop.
// Behind it stand threads in the real world and events in the virtual one.
//
// A name that ends in ".tmp" was never finished: whoever opens the directory removes it.
class Disk {
 public:
  using Done = std::move_only_function<void(DiskResult<void>)>;

  virtual ~Disk() = default;

  // -- start-up; blocks ------------------------------------------------------------------------
  // Names of the regular files, sorted.
  virtual DiskResult<std::vector<std::string>> list() = 0;
  virtual DiskResult<Bytes> read(const std::string& name) = 0;
  // Creates or replaces `name` so that after any crash it is whole, old or new: written to
  // name.tmp up to `size` bytes (`content`, then zeros), synced, renamed, directory synced. When it
  // returns, the new file survives a power cut (also with durability `os`).
  virtual DiskResult<void> replace(const std::string& name, std::span<const std::byte> content,
                                   std::uint64_t size) = 0;
  virtual DiskResult<void> remove(const std::string& name) = 0;

  // -- the path of a payment; loop thread only -------------------------------------------------
  // Writes `bytes` at `offset` of an existing file and makes them durable as `durability` says;
  // then calls `done`. One append at a time. The bytes stay valid and unchanged until `done`.
  virtual void append(const std::string& name, std::uint64_t offset,
                      std::span<const std::byte> bytes, Durability durability, Done done) = 0;
  // The same promise as replace(), made by a helper thread while the loop goes on. One at a time.
  virtual void prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) = 0;
};

}  // namespace payswitch::world
