#include "platform/making.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace payswitch::platform {
namespace {

constexpr std::uint64_t zeros_per_write = 1 << 20;

using OpenedFile = DiskResult<std::unique_ptr<WritableFile>>;

// Zeros in [from, to), truly written: a file that was only allocated has metadata left to commit at
// its first fdatasync.
DiskResult<void> write_zeros(WritableFile& file, std::uint64_t from, std::uint64_t to) {
  if (from >= to) return {};
  const std::vector<std::byte> zeros(
      static_cast<std::size_t>(std::min(to - from, zeros_per_write)));
  while (from < to) {
    const auto count = static_cast<std::size_t>(std::min(to - from, zeros_per_write));
    if (auto written = file.write_at(from, std::span(zeros).first(count)); !written) return written;
    from += count;
  }
  return {};
}

DiskResult<void> write_and_sync(WritableFile& file, std::span<const std::byte> content,
                                std::uint64_t size) {
  if (auto written = file.write_at(0, content); !written) return written;
  if (auto filled = write_zeros(file, content.size(), size); !filled) return filled;
  return file.sync(Sync::all);
}

// A leftover under the temporary name (or a symbolic link that was put there) goes first: what
// is written must be a file that nothing else refers to.
OpenedFile create_anew(Directory& directory, const std::string& unfinished) {
  if (auto gone = directory.remove(unfinished); !gone && gone.error().code != ENOENT) {
    return std::unexpected(std::move(gone.error()));
  }
  return directory.create(unfinished);
}

// Until the rename is on the disk, a power cut can bring the old name back; then it must not be the
// new file's bytes that it names.
OpenedFile take_room(Directory& directory, const std::string& instead_of,
                     const std::string& unfinished) {
  if (auto renamed = directory.rename(instead_of, unfinished); !renamed) {
    return std::unexpected(std::move(renamed.error()));
  }
  if (auto synced = directory.sync(); !synced) return std::unexpected(std::move(synced.error()));
  return directory.open(unfinished);
}

// Gives a whole and synced file the name that it was made for.
DiskResult<void> give_name(Directory& directory, const std::string& unfinished,
                           const std::string& name) {
  if (auto renamed = directory.rename(unfinished, name); !renamed) return renamed;
  return directory.sync();
}

// Writes and syncs piece by piece, with a rest after each.
class PacedDraft final : public FileWriter {
 public:
  PacedDraft(WritableFile& file, const std::string& name, const Rest& rest)
      : file_(file), name_(name), rest_(rest) {}

  DiskResult<void> write(std::span<const std::byte> bytes) override {
    gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
    return gathered_.size() < piece_bytes ? DiskResult<void>{} : write_piece();
  }

  // What is left; the file ends there.
  DiskResult<void> finish() {
    if (auto written = write_piece(); !written) return written;
    if (auto cut = file_.cut(offset_); !cut) return cut;
    return file_.sync(Sync::all);
  }

 private:
  static constexpr std::size_t piece_bytes = 256 << 10;

  DiskResult<void> write_piece() {
    const auto begin = std::chrono::steady_clock::now();
    if (auto written = file_.write_at(offset_, gathered_); !written) return written;
    offset_ += gathered_.size();
    gathered_.clear();
    if (auto synced = file_.sync(Sync::data); !synced) return synced;
    if (rest_(std::chrono::steady_clock::now() - begin)) return {};
    return std::unexpected(DiskError{ECANCELED, "make '" + name_ + "'"});
  }

  WritableFile& file_;
  const std::string& name_;
  const Rest& rest_;
  std::vector<std::byte> gathered_;
  std::uint64_t offset_ = 0;
};

DiskResult<void> write_draft(OpenedFile opened, const std::string& unfinished,
                             Disk::Content& content, const Rest& rest) {
  if (!opened) return std::unexpected(std::move(opened.error()));
  PacedDraft draft(**opened, unfinished, rest);
  if (auto written = content(draft); !written) return written;
  return draft.finish();
}

}  // namespace

std::string unfinished_name(const std::string& name) {
  return name + ".tmp";
}

DiskResult<void> replace_file(Directory& directory, const std::string& name,
                              std::span<const std::byte> content, std::uint64_t size) {
  assert(size >= content.size());
  const std::string unfinished = unfinished_name(name);
  auto file = create_anew(directory, unfinished);
  if (!file) return std::unexpected(std::move(file.error()));
  if (auto written = write_and_sync(**file, content, size); !written) {
    // Half a segment must not go on taking the room that the rest of it did not find.
    file->reset();
    std::ignore = directory.remove(unfinished);
    return written;
  }
  return give_name(directory, unfinished, name);
}

DiskResult<void> make_file(Directory& directory, const std::string& name, Disk::Content& content,
                           const std::string& instead_of, const Rest& rest) {
  const std::string unfinished = unfinished_name(name);
  auto written = write_draft(instead_of.empty() ? create_anew(directory, unfinished)
                                                : take_room(directory, instead_of, unfinished),
                             unfinished, content, rest);
  if (written) return give_name(directory, unfinished, name);
  std::ignore = directory.remove(unfinished);
  return written;
}

}  // namespace payswitch::platform
