#include "tools/load/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "text/number.h"

namespace payswitch::lab::load {
namespace {

// proc(5): utime and stime are fields 14 and 15; after the name, which ends at the last ')', the
// next is field 3.
constexpr int utime_field = 14;
constexpr int first_field_after_name = 3;

constexpr std::size_t page = 4096;
constexpr int pages = 256;

std::string_view cut_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

// A file that is closed with its holder and has no name.
class Scratch {
 public:
  explicit Scratch(const std::string& directory) {
    std::string name = directory + "/fdatasync-XXXXXX";
    descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor_ >= 0) ::unlink(name.c_str());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool write(int at) {
    return descriptor_ >= 0 && ::pwrite(descriptor_, bytes_.data(), page,
                                        static_cast<off_t>(page) * at) == ssize_t{page};
  }
  bool sync() { return ::fdatasync(descriptor_) == 0; }

 private:
  int descriptor_;
  std::array<char, page> bytes_{};
};

}  // namespace

std::optional<platform::Duration> parse_stat(std::string_view stat, long ticks_per_second) {
  const auto name_end = stat.rfind(')');
  if (name_end == stat.npos) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  for (int field = first_field_after_name; field < utime_field; ++field) cut_word(stat);
  const auto user = text::parse_number<std::int64_t>(cut_word(stat));
  const auto system = text::parse_number<std::int64_t>(cut_word(stat));
  if (!user || !system) return std::nullopt;
  return platform::Duration(std::chrono::seconds(*user + *system)) / ticks_per_second;
}

std::optional<platform::Duration> cpu_time(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_stat(text, ::sysconf(_SC_CLK_TCK));
}

std::optional<double> us_each(platform::Duration span, std::uint64_t payments) {
  if (payments == 0) return std::nullopt;
  return static_cast<double>(span.count()) / 1e3 / static_cast<double>(payments);
}

void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

double load_average() {
  double average = -1;
  return ::getloadavg(&average, 1) == 1 ? average : -1;
}

std::expected<metrics::FineHistogram, std::string> measure_fdatasync(const std::string& directory,
                                                                     int count) {
  Scratch scratch(directory);
  bool works = true;
  for (int at = 0; works && at < pages; ++at) works = scratch.write(at);
  works = works && scratch.sync();
  metrics::FineHistogram latency;
  for (int turn = 0; works && turn < count; ++turn) {
    works = scratch.write(turn % pages);
    const auto before = std::chrono::steady_clock::now();
    works = works && scratch.sync();
    latency.record(std::chrono::steady_clock::now() - before);
  }
  if (works) return latency;
  return std::unexpected(fmt::format("fdatasync in {}: {}", directory, std::strerror(errno)));
}

}  // namespace payswitch::lab::load
