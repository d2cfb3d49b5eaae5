#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <cassert>
#include <memory>

#include "platform/linux/log_writer.h"
#include "platform/linux/mutex.h"
#include "platform/linux/real.h"
#include "text/one_line.h"

namespace payswitch::platform {
namespace {

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* json_pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  assert(false);
  return "";
}

// A whole line of the log, with the time of the call. One thread at a time.
class LogLine {
 public:
  explicit LogLine(LogFormat format)
      : format_(format),
        pattern_(format == LogFormat::json ? json_pattern : text_pattern,
                 spdlog::pattern_time_type::utc) {}

  std::string operator()(Level level, std::string_view line) {
    const std::string text =
        format_ == LogFormat::json
            ? fmt::format(R"("level":"{}","message":{})", to_string(level), text::json_line(line))
            : fmt::format("{:5} {}", to_string(level), text::on_one_line(line));
    spdlog::memory_buf_t whole;
    pattern_.format({spdlog::string_view_t(), spdlog::level::info, text}, whole);
    return fmt::to_string(whole);
  }

 private:
  const LogFormat format_;
  spdlog::pattern_formatter pattern_;
};

class StderrLog final : public RealLog {
 public:
  StderrLog(LogFormat format, Level level)
      : level_(level),
        line_(format),
        writer_(STDERR_FILENO, {},
                [line = std::make_shared<LogLine>(format)](std::uint64_t dropped) {
                  return (*line)(Level::warn, fmt::format("{} lines were dropped: the reader of "
                                                          "this log did not take them",
                                                          dropped));
                }) {}

  bool enabled(Level level) const override { return level >= level_; }

  void write(Level level, std::string_view line) override {
    if (!enabled(level)) return;
    const MutexLock lock(mutex_);  // held while it is queued: times do not go backwards
    writer_.write(line_(level, line));
  }

  bool flush() override { return writer_.flush(); }
  std::uint64_t dropped() const override { return writer_.dropped(); }

 private:
  const Level level_;
  Mutex mutex_;
  LogLine line_ GUARDED_BY(mutex_);
  LogWriter writer_;
};

}  // namespace

std::unique_ptr<RealLog> make_real_log(LogFormat format, Level level) {
  return std::make_unique<StderrLog>(format, level);
}

}  // namespace payswitch::platform
