#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/embedded/open.h"
#include "store/journal/segment.h"
#include "store/samples_fixture.h"
#include "testing/world/disk.h"
#include "testing/world/life.h"
#include "testing/world/log.h"
#include "testing/world/random.h"
#include "testing/world/world.h"

namespace payswitch::store::embedded {

// An embedded store in a virtual world, over several lives of its process. Segments are as small as
// they can be, so that a few payments fill one. Nothing is archived unless a test asks for it.
class StoreProcess {
 public:
  explicit StoreProcess(std::uint64_t seed = 1,
                        platform::Durability durability = platform::Durability::fsync)
      : random(seed) {
    options.durability = durability;
    options.segment_bytes = 8192;
    options.max_batch_bytes = 2048;
    options.compaction = false;
    options.processors = {{"default"}, {"fallback"}};
  }
  ~StoreProcess() { kill(); }

  std::expected<void, std::string> start() {
    life_.emplace(world);
    auto opened = open(options, disk, *life_, *life_, world, random, log,
                       [this](const std::string& line) { fatal_lines.push_back(line); });
    if (!opened) {
      disk.kill();
      life_.reset();
      return std::unexpected(opened.error());
    }
    store_ = *std::move(opened);
    adopted.clear();
    store_->start([this](const std::vector<OpenPayment>& open) { adopted = open; });
    return {};
  }

  Store& store() { return *store_; }

  void kill() {
    disk.kill();
    end();
  }

  void power_cut() {
    disk.power_cut();
    end();
  }

  // The process ends by itself.
  void stop() {
    bool has_ended = false;
    store_->end([&] { has_ended = true; });
    world.run_until([&] { return has_ended; });
    kill();
  }

  // Ends the store while the machine goes on, the disk included.
  void end() {
    if (life_) life_->end();
    store_.reset();
    life_.reset();
  }

  lab::World world;
  lab::SeededRandom random;
  lab::VirtualDisk disk{world, random};
  lab::CollectedLog log;
  Options options;
  std::vector<std::string> fatal_lines;
  std::vector<OpenPayment> adopted;  // in this life

 private:
  std::optional<lab::Life> life_;
  std::unique_ptr<Store> store_;
};

// One life after the other on one disk, which a test spoils in between.
class RestartTest : public testing::Test {
 protected:
  void start() {
    const auto started = process_.start();
    ASSERT_TRUE(started) << started.error();
  }

  std::string refusal() {
    const auto started = process_.start();
    return started ? "started" : started.error();
  }

  void accept(std::uint32_t first, std::uint32_t count = 1) {
    for (std::uint32_t number = first; number < first + count; ++number) {
      process_.store().accept(acceptance(number), [](Verdict) {});
      process_.world.run_for(std::chrono::milliseconds(10));
    }
  }

  void flip(std::uint64_t segment, std::uint64_t offset) {
    const auto name = journal::segment_name(segment);
    const std::array<std::byte, 1> flipped{process_.disk.content(name).at(offset) ^ std::byte{1}};
    process_.disk.overwrite(name, offset, flipped);
  }

  std::uint64_t payments() { return process_.store().counters().open(); }

  StoreProcess process_;
};

}  // namespace payswitch::store::embedded
