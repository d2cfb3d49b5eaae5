#include "store/embedded/open.h"

#include <algorithm>
#include <utility>

#include "store/archive/file_set.h"
#include "store/embedded/cut.h"
#include "store/embedded/engine.h"
#include "store/journal/segment.h"
#include "store/journal/segment_pool.h"

namespace payswitch::store::embedded {

namespace {

// A cut may uncover damage before it.
constexpr std::size_t max_cuts = 16;

// A store that forgets known payments charges them again.
std::expected<void, std::string> expect_no_journal(platform::Disk& disk) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error().message());
  const auto journal = std::ranges::find_if(*names, [](const std::string& name) {
    return journal::segment_number(name) || archive::segments_in_name(name);
  });
  if (journal == names->end()) return {};
  return std::unexpected("durability memory would forget the payments that " + *journal +
                         " keeps: use another directory");
}

}  // namespace

std::expected<std::unique_ptr<Store>, std::string> open(const Options& options,
                                                        platform::Disk& disk, platform::Loop& loop,
                                                        platform::Timers& timers,
                                                        const platform::Clock& clock,
                                                        platform::Random& random,
                                                        platform::Log& log, journal::Fatal fatal) {
  if (options.durability == platform::Durability::memory) {
    if (auto fresh = expect_no_journal(disk); !fresh) return std::unexpected(fresh.error());
  }
  const journal::Dependencies deps{
      .disk = disk, .loop = loop, .timers = timers, .clock = clock, .random = random, .log = log};
  for (std::size_t cuts = 0;; ++cuts) {
    auto engine = std::make_unique<Engine>(loop);
    const auto opened = engine->open(options, deps, fatal);
    if (opened) return engine;
    const RefusedStart& refusal = opened.error();
    if (!options.cut_at_damage || !refusal.can_be_cut || cuts == max_cuts) {
      return std::unexpected(with_way_out(refusal));
    }
    log.error("{}", refusal.line);
    std::expected<Cut, std::string> cut =
        refusal.cut ? *refusal.cut : cut_after_whole_archive_files(disk);
    if (!cut) return std::unexpected(cut.error());
    if (auto done = cut_log(*cut, disk, clock, log); !done) return std::unexpected(done.error());
  }
}

// The directory, with its lock and while it is listed; segments; a segment that is being prepared;
// archive files, the newest one of which is being written and read.
std::size_t max_descriptors() {
  constexpr std::size_t directory = 3;
  constexpr std::size_t segments =
      platform::descriptors_per_appended_file * (1 + journal::max_open_ahead) + 1;
  constexpr std::size_t archived = archive::max_files + 2;
  return directory + segments + archived;
}

}  // namespace payswitch::store::embedded
