#include "lab/world/disk.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace payswitch::lab {

using world::Bytes;
using world::DiskError;
using world::DiskResult;

namespace {

std::unexpected<DiskError> error(int code, const char* operation, const std::string& name) {
  return std::unexpected(DiskError{code, std::string(operation) + " " + name});
}

// True when one more may go well; counts down to the failure, and stays there.
bool goes_well(std::optional<std::uint64_t>& good) {
  if (!good) return true;
  if (*good == 0) return false;
  --*good;
  return true;
}

}  // namespace

// -- start-up ---------------------------------------------------------------------------

DiskResult<std::vector<std::string>> VirtualDisk::list() {
  std::vector<std::string> names;
  for (const auto& [name, file] : cached_names_) names.push_back(name);
  return names;
}

DiskResult<Bytes> VirtualDisk::read(const std::string& name) {
  ++counts_.reads;
  const auto found = cached_names_.find(name);
  if (found == cached_names_.end()) return error(ENOENT, "read", name);
  return found->second->cached;
}

DiskResult<void> VirtualDisk::replace(const std::string& name, std::span<const std::byte> content,
                                      std::uint64_t size) {
  ++counts_.replaces;
  if (goes_well(good_replaces_)) {
    place(name, make_file(content, size));
    return {};
  }
  switch (chance_.below(3)) {
    case 0:  // it had not come far
      cached_names_[name + ".tmp"] = make_file(content.first(content.size() / 2), size / 2);
      break;
    case 1:  // renamed, but the directory was not synced
      cached_names_[name] = make_file(content, size);
      break;
    default:
      break;
  }
  return error(EINTR, "replace", name);
}

DiskResult<void> VirtualDisk::remove(const std::string& name) {
  ++counts_.removes;
  if (cached_names_.erase(name) == 0) return error(ENOENT, "remove", name);
  return {};
}

std::shared_ptr<VirtualDisk::File> VirtualDisk::make_file(std::span<const std::byte> content,
                                                          std::uint64_t size) const {
  auto file = std::make_shared<File>();
  file->cached.assign(content.begin(), content.end());
  file->cached.resize(std::max<std::uint64_t>(size, content.size()));
  file->durable = file->cached;
  return file;
}

// A rename, and the sync of the directory: with it every other name in it holds as well.
void VirtualDisk::place(const std::string& name, std::shared_ptr<File> file) {
  cached_names_[name] = std::move(file);
  durable_names_ = cached_names_;
}

// -- the path of a payment --------------------------------------------------------------

void VirtualDisk::later(world::Duration delay, void (VirtualDisk::*step)()) {
  world_.after(delay, [this, step, life = life_] {
    if (life == life_) (this->*step)();
  });
}

void VirtualDisk::append(const std::string& name, std::uint64_t offset,
                         std::span<const std::byte> bytes, world::Durability durability,
                         Done done) {
  assert(!append_);
  assert(durability != world::Durability::memory);
  ++counts_.appends;
  append_.emplace(Append{.name = name,
                         .offset = offset,
                         .bytes = bytes,
                         .copy = Bytes(bytes.begin(), bytes.end()),
                         .durability = durability,
                         .done = std::move(done)});
  later(times_.write, &VirtualDisk::append_is_written);
}

void VirtualDisk::append_is_written() {
  assert(std::ranges::equal(append_->bytes, append_->copy));
  const auto found = cached_names_.find(append_->name);
  if (found == cached_names_.end()) return finish_append(error(ENOENT, "append", append_->name));
  write_back_some(*found->second);
  write(*found->second, append_->offset, append_->copy);
  append_->written = true;
  if (append_->durability == world::Durability::os && goes_well(good_appends_)) {
    return finish_append({});
  }
  later(times_.sync, &VirtualDisk::append_is_synced);
}

void VirtualDisk::append_is_synced() {
  assert(std::ranges::equal(append_->bytes, append_->copy));
  File& file = *cached_names_.at(append_->name);
  if (append_->durability == world::Durability::os || !goes_well(good_appends_)) {
    write_back_some(file);
    return finish_append(error(EIO, "append", append_->name));
  }
  ++counts_.syncs;
  while (!file.dirty.empty()) write_back(file, *file.dirty.begin());
  finish_append({});
}

void VirtualDisk::finish_append(DiskResult<void> result) {
  if (result) counts_.bytes_appended += append_->copy.size();
  Done done = std::move(append_->done);
  append_.reset();
  done(std::move(result));
}

void VirtualDisk::prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) {
  assert(!prepare_);
  ++counts_.prepares;
  prepare_.emplace(Prepare{name, std::move(content), size, std::move(done)});
  later(times_.prepare, &VirtualDisk::finish_prepare);
}

void VirtualDisk::finish_prepare() {
  Prepare finished = std::move(*prepare_);
  prepare_.reset();
  if (prepares_fail_ || used() + finished.size > capacity_) {
    return finished.done(error(ENOSPC, "prepare", finished.name));
  }
  place(finished.name, make_file(finished.content, finished.size));
  finished.done({});
}

std::uint64_t VirtualDisk::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, file] : cached_names_) bytes += file->cached.size();
  return bytes;
}

// -- beside the path of a payment -------------------------------------------------------

class VirtualDisk::Still final : public world::StillFile {
 public:
  Still(std::shared_ptr<const File> file, VirtualDisk& disk)
      : file_(std::move(file)), disk_(disk) {}

  std::uint64_t size() const override { return file_->cached.size(); }

  DiskResult<void> read(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset > size() || into.size() > size() - offset) return error(EIO, "read", "beyond");
    std::copy_n(file_->cached.begin() + static_cast<std::ptrdiff_t>(offset), into.size(),
                into.begin());
    return {};
  }

  bool read_at_once(std::uint64_t offset, std::span<std::byte> into) const override {
    const bool is_cached = disk_.keeps_pages_ || disk_.chance_.one_in(2);
    return is_cached && read(offset, into).has_value();
  }

 private:
  std::shared_ptr<const File> file_;
  VirtualDisk& disk_;
};

namespace {

class BytesDraft final : public world::Draft {
 public:
  DiskResult<void> write(std::span<const std::byte> bytes) override {
    content.insert(content.end(), bytes.begin(), bytes.end());
    return {};
  }

  Bytes content;
};

}  // namespace

DiskResult<std::shared_ptr<const world::StillFile>> VirtualDisk::open_still(
    const std::string& name) {
  const auto found = cached_names_.find(name);
  if (found == cached_names_.end()) return error(ENOENT, "open", name);
  return std::make_shared<const Still>(found->second, *this);
}

void VirtualDisk::make(const std::string& name, Content content, const std::string& instead_of,
                       Done done) {
  assert(!make_ && !toil_);
  ++counts_.makes;
  ++counts_.sealing_steps;
  if (!instead_of.empty()) {
    cached_names_[name + ".tmp"] = cached_names_.at(instead_of);
    cached_names_.erase(instead_of);
  }
  make_.emplace(Make{name, std::move(content), std::move(done), !instead_of.empty()});
  later(times_.make, &VirtualDisk::finish_make);
}

void VirtualDisk::finish_make() {
  ++counts_.sealing_steps;
  Make finished = std::move(*make_);
  make_.reset();
  cached_names_.erase(finished.name + ".tmp");
  if (prepares_fail_ && !finished.has_room) {
    return finished.done(error(ENOSPC, "make", finished.name));
  }
  BytesDraft draft;
  if (auto made = finished.content(draft); !made) return finished.done(std::move(made));
  if (used() + draft.content.size() > capacity_) {
    return finished.done(error(ENOSPC, "make", finished.name));
  }
  place(finished.name, make_file(draft.content, draft.content.size()));
  finished.done({});
}

void VirtualDisk::toil(Job job) {
  assert(!make_ && !toil_);
  ++counts_.sealing_steps;
  toil_.emplace(std::move(job));
  later(times_.make, &VirtualDisk::finish_toil);
}

void VirtualDisk::finish_toil() {
  ++counts_.sealing_steps;
  Job job = std::move(*toil_);
  toil_.reset();
  auto done = job();
  job = nullptr;
  done();
}

void VirtualDisk::look_up(Job job) {
  assert(!look_up_);
  ++counts_.look_ups;
  look_up_.emplace(std::move(job));
  later(times_.look_up, &VirtualDisk::finish_look_up);
}

void VirtualDisk::finish_look_up() {
  Job job = std::move(*look_up_);
  look_up_.reset();
  job()();
}

void VirtualDisk::write(File& file, std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::uint64_t end = offset + bytes.size();
  if (end > file.cached.size()) {
    file.cached.resize(end);
    file.durable.resize(end);
  }
  std::ranges::copy(bytes, file.cached.begin() + static_cast<std::ptrdiff_t>(offset));
  for (auto sector = offset / sector_bytes; sector * sector_bytes < end; ++sector) {
    file.dirty.insert(sector);
  }
}

void VirtualDisk::write_back(File& file, std::uint64_t sector) {
  const auto begin = sector * sector_bytes;
  const auto size = std::min<std::uint64_t>(sector_bytes, file.cached.size() - begin);
  std::memcpy(file.durable.data() + begin, file.cached.data() + begin, size);
  file.dirty.erase(sector);
}

// A machine writes back when it likes, and in the order it likes.
void VirtualDisk::write_back_some(File& file) {
  const auto sectors = std::vector(file.dirty.begin(), file.dirty.end());
  for (const auto sector : sectors) {
    if (chance_.one_in(2)) write_back(file, sector);
  }
}

// -- what befalls it --------------------------------------------------------------------

void VirtualDisk::kill() {
  ++life_;
  abandon_append();
  abandon_prepare();
  abandon_make();
  abandon_toil();
  look_up_.reset();
  good_appends_.reset();
  good_replaces_.reset();
}

void VirtualDisk::power_cut() {
  kill();
  lose_names();
  for (auto& [name, file] : cached_names_) {
    write_back_some(*file);
    file->dirty.clear();
    file->cached = file->durable;
  }
  durable_names_ = cached_names_;
}

void VirtualDisk::abandon_append() {
  if (!append_) return;
  const auto found = cached_names_.find(append_->name);
  if (!append_->written && found != cached_names_.end()) {
    const auto end = append_->offset + append_->copy.size();
    auto stop = append_->offset + chance_.below(append_->copy.size() + sector_bytes);
    // Now and then in the middle of a sector.
    stop = stop >= end ? end : chance_.one_in(2) ? stop : stop / sector_bytes * sector_bytes;
    if (stop > append_->offset) {
      const auto length = stop - append_->offset;
      write(*found->second, append_->offset, std::span(append_->copy).first(length));
    }
  }
  append_.reset();
}

void VirtualDisk::abandon_prepare() {
  if (!prepare_) return;
  const auto& [name, content, size, done] = *prepare_;
  switch (chance_.below(3)) {
    case 0:
      cached_names_[name + ".tmp"] = make_file(content, size / 2);
      break;
    case 1:
      cached_names_[name] = make_file(content, size);
      break;
    default:
      break;
  }
  prepare_.reset();
}

void VirtualDisk::abandon_make() {
  if (!make_) return;
  BytesDraft draft;
  const auto come_to = chance_.below(3);
  const bool is_whole = come_to != 0 && make_->content(draft).has_value();
  if (come_to == 1 && is_whole) {
    cached_names_.erase(make_->name + ".tmp");
    cached_names_[make_->name] = make_file(draft.content, draft.content.size());
  } else if (come_to == 2) {
    const auto piece = std::span(draft.content).first(chance_.below(draft.content.size() + 1));
    cached_names_[make_->name + ".tmp"] = make_file(piece, piece.size());
  }
  make_.reset();
}

void VirtualDisk::abandon_toil() {
  if (toil_ && chance_.one_in(2)) (*toil_)();
  toil_.reset();
}

void VirtualDisk::lose_names() {
  std::set<std::string> names;
  for (const auto& [name, file] : cached_names_) names.insert(name);
  for (const auto& [name, file] : durable_names_) names.insert(name);
  for (const auto& name : names) {
    const auto cached = cached_names_.find(name);
    const auto durable = durable_names_.find(name);
    const auto now = cached == cached_names_.end() ? nullptr : cached->second;
    const auto then = durable == durable_names_.end() ? nullptr : durable->second;
    if (now == then || chance_.one_in(2)) continue;
    if (then) {
      cached_names_[name] = then;
    } else {
      cached_names_.erase(name);
    }
  }
}

// -- by hand ----------------------------------------------------------------------------

void VirtualDisk::overwrite(const std::string& name, std::uint64_t offset,
                            std::span<const std::byte> bytes) {
  File& file = *cached_names_.at(name);
  assert(offset + bytes.size() <= file.cached.size());
  std::ranges::copy(bytes, file.cached.begin() + static_cast<std::ptrdiff_t>(offset));
  std::ranges::copy(bytes, file.durable.begin() + static_cast<std::ptrdiff_t>(offset));
}

void VirtualDisk::resize(const std::string& name, std::uint64_t size) {
  File& file = *cached_names_.at(name);
  file.cached.resize(size);
  file.durable.resize(size);
  file.dirty.clear();
}

void VirtualDisk::put(const std::string& name, Bytes content) {
  const auto size = content.size();
  place(name, make_file(content, size));
}

}  // namespace payswitch::lab
