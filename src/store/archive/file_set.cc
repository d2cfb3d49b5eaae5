#include "store/archive/file_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace payswitch::store::archive {

std::expected<FileSet, std::string> FileSet::load(platform::Disk& disk) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error().message());
  return load(*names, [&](const std::string& name) { return disk.open_for_reading(name); });
}

std::expected<FileSet, std::string> FileSet::load(const std::vector<std::string>& names,
                                                  const Open& open) {
  FileSet books;
  // The order of names is that of first segments, then of last ones.
  for (const auto& name : names) {
    const auto segments = segments_in_name(name);
    if (!segments) continue;
    while (!books.empty() && books.last().first_segment == segments->first) {
      books.superseded_.push_back(books.files_.back()->name());
      books.files_.pop_back();
    }
    if (!books.empty() && segments->second <= books.last().last_segment) {
      books.superseded_.push_back(name);
      continue;
    }
    auto file_on_disk = open(name);
    if (!file_on_disk) return std::unexpected(file_on_disk.error().message());
    auto file = File::open(*std::move(file_on_disk), name);
    if (!file) return std::unexpected(file.error());
    books.add(*std::move(file));
  }
  if (auto chained = books.check_chain(); !chained) return std::unexpected(chained.error());
  return books;
}

std::expected<void, std::string> FileSet::check_chain() const {
  FileInfo before;
  for (const auto& file : files_) {
    const FileInfo& info = file->info();
    if (info.first_segment != before.last_segment + 1) {
      return std::unexpected(
          fmt::format("the sealed file of segment {} is missing, but {} is there",
                      before.last_segment + 1, file->name()));
    }
    if (info.previous != before.seal) {
      return std::unexpected(
          fmt::format("{} does not follow the sealed file before it: one of "
                      "them is of another data directory, or of another time",
                      file->name()));
    }
    before = info;
  }
  return {};
}

std::uint64_t FileSet::payments() const {
  std::uint64_t count = 0;
  for (const auto& file : files_) count += file->info().payments;
  return count;
}

std::uint64_t FileSet::findings() const {
  std::uint64_t count = 0;
  for (const auto& file : files_) count += file->info().findings;
  return count;
}

Read<std::optional<SettledPayment>> FileSet::find(const payment::CorrelationId& id,
                                                  Wait wait) const {
  for (const auto& file : files_) {
    if (!file->may_hold(id)) continue;
    auto found = file->find(id, wait);
    if (!found || *found) return found;
  }
  return std::nullopt;
}

Read<payment::Total> FileSet::sum(payment::ProcessorNumber processor, const books::Window& window,
                                  Wait wait) const {
  payment::Total total;
  for (const auto& file : files_) {
    const auto part = file->sum(processor, window, wait);
    if (!part) return part;
    total += *part;
  }
  return total;
}

Files FileSet::worth_merging() const {
  assert(files_.size() >= 2);
  auto first = files_.size() - 2;
  auto after = files_.back()->info().payments;
  for (auto i = files_.size() - 1; i-- > 0;) {
    const auto size = files_[i]->info().payments;
    if (size <= after) first = i;
    after += size;
  }
  return Files(files_.begin() + static_cast<std::ptrdiff_t>(first), files_.end());
}

Files FileSet::last_within(std::uint64_t bytes) const {
  auto first = files_.end();
  while (first != files_.begin() && (*(first - 1))->bytes() <= bytes) {
    --first;
    bytes -= (*first)->bytes();
  }
  return Files(first, files_.end());
}

void FileSet::replace_last(std::size_t parts, std::shared_ptr<const File> merged) {
  assert(parts <= files_.size());
  files_.resize(files_.size() - parts);
  files_.push_back(std::move(merged));
}

}  // namespace payswitch::store::archive
