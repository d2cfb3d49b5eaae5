#include "testing/world/disk.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "platform/making.h"

namespace payswitch::lab {

using platform::Bytes;
using platform::DiskError;
using platform::DiskResult;

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
  for (const auto& [name, file] : directory_.names()) names.push_back(name);
  return names;
}

DiskResult<Bytes> VirtualDisk::read(const std::string& name) {
  ++counts_.reads;
  const auto file = directory_.find(name);
  if (!file) return error(ENOENT, "read", name);
  return file->cached();
}

DiskResult<void> VirtualDisk::replace(const std::string& name, std::span<const std::byte> content,
                                      std::uint64_t size) {
  ++counts_.replaces;
  const auto steps = [&] { return platform::replace_file(directory_, name, content, size); };
  if (goes_well(good_replaces_)) return run_steps({}, lengths_.replace, steps);
  std::ignore = run_steps(death_among(lengths_.replace), lengths_.replace, steps);
  return error(EINTR, "replace", name);
}

DiskResult<void> VirtualDisk::remove(const std::string& name) {
  ++counts_.removes;
  return directory_.remove(name);
}

DiskResult<void> VirtualDisk::rename(const std::string& from, const std::string& to) {
  ++counts_.removes;
  if (auto renamed = directory_.rename(from, to); !renamed) return renamed;
  return directory_.sync();
}

DiskResult<void> VirtualDisk::open_for_appends(const std::string& name) {
  ++counts_.opens;
  if (no_descriptors_) return error(EMFILE, "open", name);
  auto file = directory_.find(name);
  if (!file) return error(ENOENT, "open", name);
  appended_[name] = std::move(file);
  return {};
}

DiskResult<void> VirtualDisk::run_steps(const VirtualDirectory::Troubles& troubles,
                                        std::uint64_t& longest,
                                        const std::function<DiskResult<void>()>& steps) {
  directory_.set_troubles(troubles);
  auto result = steps();
  longest = std::max(longest, directory_.steps());
  directory_.set_troubles({});
  return result;
}

VirtualDirectory::Troubles VirtualDisk::troubles_of_now() const {
  return {.steps_before_death = std::nullopt,
          .no_room_for_new_files = prepares_fail_,
          .capacity = capacity_,
          .no_descriptors = no_descriptors_};
}

VirtualDirectory::Troubles VirtualDisk::death_among(std::uint64_t steps) {
  auto troubles = troubles_of_now();
  troubles.steps_before_death = random_.below(steps + 1);
  return troubles;
}

// -- the path of a payment --------------------------------------------------------------

void VirtualDisk::later(platform::Duration delay, void (VirtualDisk::*step)()) {
  world_.after(delay, [this, step, life = life_] {
    if (life == life_) (this->*step)();
  });
}

void VirtualDisk::append(const std::string& name, std::uint64_t offset,
                         std::span<const std::byte> bytes, platform::Durability durability,
                         Done done) {
  assert(!append_);
  assert(durability != platform::Durability::memory);
  ++counts_.appends;
  const auto open = appended_.find(name);
  assert(open != appended_.end());
  append_.emplace(Append{.name = name,
                         .file = open->second,
                         .offset = offset,
                         .bytes = bytes,
                         .copy = Bytes(bytes.begin(), bytes.end()),
                         .durability = durability,
                         .done = std::move(done)});
  later(times_.write, &VirtualDisk::append_is_written);
}

void VirtualDisk::append_is_written() {
  assert(std::ranges::equal(append_->bytes, append_->copy));
  append_->file->write_back_some(random_);
  append_->file->write(append_->offset, append_->copy);
  append_->written = true;
  if (append_->durability == platform::Durability::os && goes_well(good_appends_)) {
    return finish_append({});
  }
  later(times_.sync, &VirtualDisk::append_is_synced);
}

void VirtualDisk::append_is_synced() {
  assert(std::ranges::equal(append_->bytes, append_->copy));
  Inode& file = *append_->file;
  if (append_->durability == platform::Durability::os || !goes_well(good_appends_)) {
    file.write_back_some(random_);
    return finish_append(error(EIO, "append", append_->name));
  }
  ++counts_.syncs;
  file.sync();
  finish_append({});
}

void VirtualDisk::finish_append(DiskResult<void> result) {
  if (result) counts_.bytes_appended += append_->copy.size();
  Done done = std::move(append_->done);
  append_.reset();
  done(std::move(result));
}

void VirtualDisk::prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) {
  assert(!prepare_ && !opening_);
  ++counts_.prepares;
  prepare_.emplace(Prepare{name, std::move(content), size, std::move(done)});
  later(times_.prepare, &VirtualDisk::finish_prepare);
}

void VirtualDisk::finish_prepare() {
  Prepare finished = std::move(*prepare_);
  prepare_.reset();
  finished.done(run_steps(troubles_of_now(), lengths_.replace, [&] {
    return platform::replace_file(directory_, finished.name, finished.content, finished.size);
  }));
}

void VirtualDisk::open_ahead(const std::string& name, Done done) {
  assert(!prepare_ && !opening_);
  opening_.emplace(Opening{name, std::move(done)});
  later(times_.open, &VirtualDisk::finish_opening);
}

void VirtualDisk::finish_opening() {
  Opening finished = std::move(*opening_);
  opening_.reset();
  finished.done(open_for_appends(finished.name));
}

// -- beside the path of a payment -------------------------------------------------------

class VirtualDisk::Still final : public platform::RandomAccessFile {
 public:
  Still(std::shared_ptr<const Inode> file, VirtualDisk& disk)
      : file_(std::move(file)), disk_(disk) {}

  std::uint64_t size() const override { return file_->size(); }

  DiskResult<void> read(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset > size() || into.size() > size() - offset) return error(EIO, "read", "beyond");
    std::copy_n(file_->cached().begin() + static_cast<std::ptrdiff_t>(offset), into.size(),
                into.begin());
    return {};
  }

  bool read_at_once(std::uint64_t offset, std::span<std::byte> into) const override {
    const bool is_cached = disk_.keeps_pages_ || disk_.random_.one_in(2);
    return is_cached && read(offset, into).has_value();
  }

 private:
  std::shared_ptr<const Inode> file_;
  VirtualDisk& disk_;
};

DiskResult<std::shared_ptr<const platform::RandomAccessFile>> VirtualDisk::open_for_reading(
    const std::string& name) {
  if (no_descriptors_) return error(EMFILE, "open", name);
  auto file = directory_.find(name);
  if (!file) return error(ENOENT, "open", name);
  return std::make_shared<const Still>(std::move(file), *this);
}

void VirtualDisk::make(const std::string& name, Content content, const std::string& instead_of,
                       Done done) {
  assert(!make_ && !toil_);
  ++counts_.makes;
  ++counts_.sealing_steps;
  make_.emplace(Make{name, std::move(content), instead_of, std::move(done)});
  later(times_.make, &VirtualDisk::finish_make);
}

DiskResult<void> VirtualDisk::make_all(Make& make, const VirtualDirectory::Troubles& troubles) {
  return run_steps(troubles, lengths_.make, [&] {
    return platform::make_file(directory_, make.name, make.content, make.instead_of,
                               [](auto) { return true; });
  });
}

void VirtualDisk::finish_make() {
  ++counts_.sealing_steps;
  Make finished = std::move(*make_);
  make_.reset();
  finished.done(make_all(finished, troubles_of_now()));
}

void VirtualDisk::run_in_background(Job job) {
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

// -- faults --------------------------------------------------------------------------

void VirtualDisk::kill() {
  ++life_;
  abandon_append();
  abandon_prepare();
  abandon_make();
  abandon_toil();
  look_up_.reset();
  opening_.reset();
  appended_.clear();
  no_descriptors_ = false;
  good_appends_.reset();
  good_replaces_.reset();
}

void VirtualDisk::power_cut() {
  kill();
  directory_.lose_power();
}

void VirtualDisk::abandon_append() {
  if (!append_) return;
  if (!append_->written) {
    const auto end = append_->offset + append_->copy.size();
    auto stop = append_->offset + random_.below(append_->copy.size() + Inode::sector_bytes);
    // Now and then in the middle of a sector.
    stop = stop >= end         ? end
           : random_.one_in(2) ? stop
                               : stop / Inode::sector_bytes * Inode::sector_bytes;
    if (stop > append_->offset) {
      const auto length = stop - append_->offset;
      append_->file->write(append_->offset, std::span(append_->copy).first(length));
    }
  }
  append_.reset();
}

void VirtualDisk::abandon_prepare() {
  if (!prepare_) return;
  std::ignore = run_steps(death_among(lengths_.replace), lengths_.replace, [this] {
    return platform::replace_file(directory_, prepare_->name, prepare_->content, prepare_->size);
  });
  prepare_.reset();
}

void VirtualDisk::abandon_make() {
  if (!make_) return;
  std::ignore = make_all(*make_, death_among(lengths_.make));
  make_.reset();
}

void VirtualDisk::abandon_toil() {
  if (toil_ && random_.one_in(2)) (*toil_)();
  toil_.reset();
}

// -- by hand ----------------------------------------------------------------------------

void VirtualDisk::overwrite(const std::string& name, std::uint64_t offset,
                            std::span<const std::byte> bytes) {
  directory_.find(name)->overwrite(offset, bytes);
}

void VirtualDisk::resize(const std::string& name, std::uint64_t size) {
  directory_.find(name)->resize(size);
  directory_.find(name)->sync();
}

void VirtualDisk::put(const std::string& name, Bytes content) {
  auto file = std::make_shared<Inode>();
  file->write(0, content);
  file->sync();
  directory_.put(name, std::move(file));
}

}  // namespace payswitch::lab
