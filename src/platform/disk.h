#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/loop.h"

namespace payswitch::platform {

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

// A file that is not written to any more; it may be read also when its name is gone. Any thread.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;

  virtual std::uint64_t size() const = 0;
  // Fills `into`; blocks. A file that ends before is an error.
  virtual DiskResult<void> read(std::uint64_t offset, std::span<std::byte> into) const = 0;
  // The same without waiting for the disk: false when it would have to wait, or fails.
  virtual bool read_at_once(std::uint64_t offset, std::span<std::byte> into) const = 0;
};

// A file in the making, from its first byte to its last.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  virtual DiskResult<void> write(std::span<const std::byte> bytes) = 0;
};

// The most descriptors that a file which is open for appends takes: one past the page cache, and
// one through it.
inline constexpr std::size_t descriptors_per_appended_file = 2;

// One data directory of flat files. The synchronous half is for starting up, before the loop runs;
// the asynchronous half is for the path of a payment: it returns at once and completes on the loop.
// Behind it stand threads in the real world and events in the virtual one.
//
// A name that ends in ".tmp" was never finished: opening the directory removes it.
class Disk {
 public:
  using Done = std::move_only_function<void(DiskResult<void>)>;
  using Content = std::move_only_function<DiskResult<void>(FileWriter&)>;
  using Job = std::move_only_function<Callback()>;

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
  // `to` does not exist. When it returns, the new name survives a power cut.
  virtual DiskResult<void> rename(const std::string& from, const std::string& to) = 0;
  // Opens an existing file for appends. It holds at most descriptors_per_appended_file descriptors
  // until close().
  virtual DiskResult<void> open_for_appends(const std::string& name) = 0;

  // -- the path of a payment; loop thread only -------------------------------------------------
  // Writes `bytes` at `offset` of a file that is open for appends (a bug otherwise: a file that is
  // opened on the path of a payment may find no descriptor), and makes them durable as `durability`
  // says; then calls `done`. One append at a time. The bytes stay valid and unchanged until `done`.
  virtual void append(const std::string& name, std::uint64_t offset,
                      std::span<const std::byte> bytes, Durability durability, Done done) = 0;
  // The file is not appended to any more.
  virtual void close(const std::string& name) = 0;
  // The same promise as replace(), made by a helper thread while the loop goes on. One prepare() or
  // open_ahead() at a time.
  virtual void prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) = 0;
  // What open_for_appends() does, on that thread.
  virtual void open_ahead(const std::string& name, Done done) = 0;

  // -- beside the path of a payment ------------------------------------------------------------
  // Short: it reads nothing. Any thread, also before the loop runs.
  virtual DiskResult<std::shared_ptr<const RandomAccessFile>> open_for_reading(
      const std::string& name) = 0;
  // The same promise as replace(), for a file that `content` writes on a helper thread, slowly
  // enough that appends hardly notice. The room of the file `instead_of`, unless it is "", goes to
  // the new one, so that this works on a full disk; that name is gone then, whether it goes well or
  // not. One make() or run_in_background() at a time. Loop thread.
  virtual void make(const std::string& name, Content content, const std::string& instead_of,
                    Done done) = 0;
  // Runs `job`, which may take long and use the start-up half, on that helper thread, lets go of it
  // there, and runs what it returned on the loop. Loop thread.
  virtual void run_in_background(Job job) = 0;
  // The same for one that waits for a page or two, on a thread that is there for this alone. One at
  // a time. Loop thread.
  virtual void look_up(Job job) = 0;
};

}  // namespace payswitch::platform
