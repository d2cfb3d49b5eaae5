#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "platform/disk.h"
#include "testing/world/inode.h"
#include "testing/world/random.h"
#include "testing/world/virtual_directory.h"
#include "testing/world/world.h"

namespace payswitch::lab {

// How long the asynchronous half takes.
struct DiskTimes {
  platform::Duration write = std::chrono::microseconds(20);
  platform::Duration sync = std::chrono::microseconds(100);
  platform::Duration prepare = std::chrono::milliseconds(5);
  platform::Duration open = std::chrono::microseconds(20);
  platform::Duration make = std::chrono::milliseconds(10);  // and a run_in_background
  platform::Duration look_up = std::chrono::microseconds(100);
};

struct DiskCounts {
  std::uint64_t appends = 0;
  std::uint64_t bytes_appended = 0;
  std::uint64_t syncs = 0;
  std::uint64_t prepares = 0;
  std::uint64_t opens = 0;
  std::uint64_t replaces = 0;
  std::uint64_t removes = 0;
  std::uint64_t reads = 0;
  std::uint64_t makes = 0;
  std::uint64_t sealing_steps = 0;  // a make or run_in_background has begun, or has come to its end
  std::uint64_t look_ups = 0;
};

// A disk that forgets. Directory entries and the files that they name are two different things, and
// files are made by the same steps as on the real disk (platform/making.h). What it may and may not
// do is the contract that the store must survive:
//   - kill(): what was written stays; the append in flight has come as far as any byte of it; a
//     prepare or make in flight has come as far as any of its steps, and any byte of a write; a
//     run_in_background in flight was done, or not begun.
//   - power_cut(): what was synced stays. Of everything else that was written each 512-byte sector
//     holds or not, in any order, under whatever name the file has then. Each new name, rename and
//     removal since the directory was last synced holds or not; a rename does so as a whole.
//   - after a failed append the bytes may be readable and still be lost by a later power_cut().
//   - it never turns one sector into a mixture of two, and never changes what was synced.
// Call kill() or power_cut() first, then destroy what used the disk. One thread.
class VirtualDisk final : public platform::Disk {
 public:
  VirtualDisk(World& world, SeededRandom& random, DiskTimes times = {})
      : world_(world), random_(random), times_(times) {}

  platform::DiskResult<std::vector<std::string>> list() override;
  platform::DiskResult<platform::Bytes> read(const std::string& name) override;
  platform::DiskResult<void> replace(const std::string& name, std::span<const std::byte> content,
                                     std::uint64_t size) override;
  // Leaves the directory unsynced.
  platform::DiskResult<void> remove(const std::string& name) override;
  platform::DiskResult<void> rename(const std::string& from, const std::string& to) override;
  platform::DiskResult<void> open_for_appends(const std::string& name) override;
  void append(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes,
              platform::Durability durability, Done done) override;
  void close(const std::string& name) override { appended_.erase(name); }
  void prepare(const std::string& name, platform::Bytes content, std::uint64_t size,
               Done done) override;
  void open_ahead(const std::string& name, Done done) override;
  platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>> open_for_reading(
      const std::string& name) override;
  void make(const std::string& name, Content content, const std::string& instead_of,
            Done done) override;
  void run_in_background(Job job) override;
  void look_up(Job job) override;

  // -- faults ------------------------------------------------------------------------
  void kill();
  void power_cut();
  // The append after `good` further ones fails (EIO), and each one after it until kill() or
  // power_cut().
  void fail_appends_after(std::uint64_t good) { good_appends_ = good; }
  // Each prepare fails (ENOSPC) until this is called with false, and each make that is not given
  // room.
  void fail_prepares(bool fail) { prepares_fail_ = fail; }
  // So do those for which there would not be room within so many bytes.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  // Nothing can be opened (EMFILE) until this is called with false, or until the process is gone.
  // What is open stays so.
  void run_out_of_descriptors(bool run_out) { no_descriptors_ = run_out; }
  std::uint64_t used() const { return directory_.used(); }
  // Every page is in the cache, always; else it is a matter of chance.
  void keep_pages(bool keep) { keeps_pages_ = keep; }
  // The process stops in the middle of the replace after `good` further ones: it has come as far as
  // any of its steps, and the call (and each after it) reports an error until kill() or
  // power_cut().
  void stop_in_replace_after(std::uint64_t good) { good_replaces_ = good; }

  // -- by hand --------------------------------------------------------------------------
  // Changes what is on the disk and in the cache.
  void overwrite(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes);
  void resize(const std::string& name, std::uint64_t size);
  void put(const std::string& name, platform::Bytes content);
  bool exists(const std::string& name) const { return directory_.find(name) != nullptr; }
  platform::Bytes content(const std::string& name) const { return directory_.find(name)->cached(); }

  bool busy() const { return append_ || prepare_ || opening_ || make_ || toil_ || look_up_; }
  const DiskCounts& counts() const { return counts_; }
  void set_times(DiskTimes times) { times_ = times; }

 private:
  struct Append {
    std::string name;
    std::shared_ptr<Inode> file;
    std::uint64_t offset;
    std::span<const std::byte> bytes;
    platform::Bytes copy;  // to see that the caller left its bytes alone
    platform::Durability durability;
    Done done;
    bool written = false;
  };
  struct Prepare {
    std::string name;
    platform::Bytes content;
    std::uint64_t size;
    Done done;
  };

  struct Opening {
    std::string name;
    Done done;
  };
  struct Make {
    std::string name;
    Content content;
    std::string instead_of;
    Done done;
  };
  // How many steps of a file's making there have been, at most.
  struct Lengths {
    std::uint64_t replace = 7;
    std::uint64_t make = 9;
  };
  class Still;

  void later(platform::Duration delay, void (VirtualDisk::*step)());
  void append_is_written();
  void append_is_synced();
  void finish_append(platform::DiskResult<void> result);
  void finish_prepare();
  void finish_opening();
  void finish_make();
  void finish_toil();
  void finish_look_up();
  platform::DiskResult<void> run_steps(const VirtualDirectory::Troubles& troubles,
                                       std::uint64_t& longest,
                                       const std::function<platform::DiskResult<void>()>& steps);
  VirtualDirectory::Troubles troubles_of_now() const;
  VirtualDirectory::Troubles death_among(std::uint64_t steps);
  platform::DiskResult<void> make_all(Make& make, const VirtualDirectory::Troubles& troubles);
  void abandon_append();
  void abandon_prepare();
  void abandon_make();
  void abandon_toil();

  World& world_;
  SeededRandom& random_;
  DiskTimes times_;
  VirtualDirectory directory_{random_};
  std::map<std::string, std::shared_ptr<Inode>> appended_;  // what is open for appends
  std::optional<Append> append_;
  std::optional<Prepare> prepare_;
  std::optional<Opening> opening_;
  std::optional<Make> make_;
  std::optional<Job> toil_;
  std::optional<Job> look_up_;
  std::optional<std::uint64_t> good_appends_;
  std::optional<std::uint64_t> good_replaces_;
  Lengths lengths_;
  bool prepares_fail_ = false;
  bool no_descriptors_ = false;
  std::uint64_t capacity_ = std::numeric_limits<std::uint64_t>::max();
  bool keeps_pages_ = false;
  std::uint64_t life_ = 0;  // grows at every crash: completions of an earlier one are void
  DiskCounts counts_;
};

}  // namespace payswitch::lab
