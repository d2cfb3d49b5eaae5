#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/directory.h"
#include "testing/world/inode.h"
#include "testing/world/random.h"

namespace payswitch::lab {

// Names, and the files that they name: as the kernel has them, and as they are on the disk. A new
// name, a rename and a removal are on the disk once the directory was synced; until then each of
// them may be there or not after a power cut.
class VirtualDirectory final : public platform::Directory {
 public:
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  // The faults that the steps meet until the next call of set_troubles().
  struct Troubles {
    // The process dies after so many further steps; of a write that is the next one, up to any byte
    // is done. Every later step fails, and does nothing.
    std::optional<std::uint64_t> steps_before_death;
    bool no_room_for_new_files = false;  // ENOSPC
    std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
    bool no_descriptors = false;  // EMFILE
  };

  explicit VirtualDirectory(SeededRandom& random) : random_(random) {}

  void set_troubles(const Troubles& troubles) {
    troubles_ = troubles;
    steps_ = 0;
    is_dead_ = false;
  }
  // Since the last set_troubles().
  std::uint64_t steps() const { return steps_; }

  platform::DiskResult<std::unique_ptr<platform::WritableFile>> create(
      const std::string& name) override;
  platform::DiskResult<std::unique_ptr<platform::WritableFile>> open(
      const std::string& name) override;
  platform::DiskResult<void> rename(const std::string& from, const std::string& to) override;
  platform::DiskResult<void> remove(const std::string& name) override;
  platform::DiskResult<void> sync() override;

  const Names& names() const { return cached_; }
  // nullptr: there is none.
  std::shared_ptr<Inode> find(const std::string& name) const;
  // Bytes of all files.
  std::uint64_t used() const;
  // As it is, and synced: names, and what was not synced of the files.
  void lose_power();
  // The name is on the disk, and all others are.
  void put(const std::string& name, std::shared_ptr<Inode> file);

 private:
  // One operation, as far as names go.
  struct Change {
    std::string gone;             // "": none
    std::string name;             // of `file`
    std::shared_ptr<Inode> file;  // nullptr: only a removal
  };
  class OpenFile;

  bool is_alive() const { return !is_dead_; }
  bool may_step();
  void change(Change change);
  static void apply(Names& names, const Change& change);
  static bool is_possible(const Names& names, const Change& change);

  SeededRandom& random_;
  Names cached_;
  Names durable_;
  std::vector<Change> unsynced_;  // in order
  Troubles troubles_;
  std::uint64_t steps_ = 0;
  bool is_dead_ = false;
};

}  // namespace payswitch::lab
