#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cassert>
#include <memory>

#include "world/log_text.h"
#include "world/real.h"

namespace payswitch::world {
namespace {

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* json_pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

spdlog::level::level_enum severity(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  assert(false);
  return spdlog::level::err;
}

class RealLog final : public Log {
 public:
  RealLog(LogFormat format, Level level)
      : format_(format), logger_("payswitch", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        format == LogFormat::json ? json_pattern : text_pattern, spdlog::pattern_time_type::utc));
    logger_.set_level(severity(level));
  }

  bool enabled(Level level) const override { return logger_.should_log(severity(level)); }

  void write(Level level, std::string_view line) override {
    const std::string text =
        format_ == LogFormat::json
            ? fmt::format(R"("level":"{}","message":{})", to_string(level), json_line(line))
            : fmt::format("{:5} {}", to_string(level), on_one_line(line));
    logger_.log(severity(level), spdlog::string_view_t(text));
  }

 private:
  const LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> make_real_log(LogFormat format, Level level) {
  return std::make_unique<RealLog>(format, level);
}

}  // namespace payswitch::world
