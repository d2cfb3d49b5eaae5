#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/disk.h"
#include "store/archive/file.h"
#include "store/archive/merger.h"

namespace payswitch::store::archive {

// At most so many archive files are on the disk, one that is being merged into included.
inline constexpr std::size_t max_files = 16;

// Of these, so many places are for a full disk, on which only small files can be merged.
inline constexpr std::size_t places_on_a_full_disk = 2;

// The archive files, in the order of their segments, each covering the seal before. A copy is a
// snapshot of at most 16 pointers; what it points to never changes, so any thread may read it.
class FileSet {
 public:
  // Opens those that are there, save those that a merged one holds. Blocks. An error is one line
  // for a person: damage, a missing file, one of another chain.
  static std::expected<FileSet, std::string> load(platform::Disk& disk);

  // The same for a directory in which these names are, in their order.
  using Open =
      std::function<platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>>(
          const std::string& name)>;
  static std::expected<FileSet, std::string> load(const std::vector<std::string>& names,
                                                  const Open& open);

  bool empty() const { return files_.empty(); }
  const Files& files() const { return files_; }
  // What load() found merged into others. To be removed, but not before the directory was synced: a
  // power cut may still take back the merged one's name.
  const std::vector<std::string>& superseded() const { return superseded_; }
  // Of the last one; what a journal begins with when there is none.
  FileInfo last() const { return empty() ? FileInfo{} : files_.back()->info(); }
  std::uint64_t payments() const;
  std::uint64_t findings() const;

  Read<std::optional<SettledPayment>> find(const payment::CorrelationId& id, Wait wait) const;
  Read<payment::Total> sum(payment::ProcessorNumber processor, const books::Window& window,
                           Wait wait) const;

  // The last one's successor. Not when is_full().
  void add(std::shared_ptr<const File> file) { files_.push_back(std::move(file)); }

  // While it is, nothing can be archived before some are merged: one place is left, for the result.
  bool is_full() const { return files_.size() >= max_files - 1; }

  // Some are to be merged before the next segment is archived.
  bool is_merging_due() const { return files_.size() >= max_files - 1 - places_on_a_full_disk; }

  // Which ones to merge: the longest run up to the last one whose first is not larger than all the
  // others together, so that each payment is copied about once for every doubling. At least two.
  Files worth_merging() const;

  // The longest run up to the last one that has at most so many bytes together. What it is merged
  // into fits there too. May be a single one, or empty.
  Files last_within(std::uint64_t bytes) const;

  // `merged` stands for the last `parts` files from now on.
  void replace_last(std::size_t parts, std::shared_ptr<const File> merged);

 private:
  std::expected<void, std::string> check_chain() const;

  Files files_;
  std::vector<std::string> superseded_;
};

}  // namespace payswitch::store::archive
