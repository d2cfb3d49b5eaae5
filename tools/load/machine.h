#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/histogram.h"
#include "platform/clock.h"

// What a run cost the machine, and what the machine was like.
namespace payswitch::lab::load {

// User and system time of a process so far, all its threads together, to 10 ms; nullopt when there
// is no such process.
std::optional<platform::Duration> cpu_time(pid_t process);
// The same from the text of /proc/PID/stat.
std::optional<platform::Duration> parse_stat(std::string_view stat, long ticks_per_second);

// Microseconds a payment; nullopt when there was none.
std::optional<double> us_each(platform::Duration span, std::uint64_t payments);

// As many open files as the system lets this process have: a connection is one.
void allow_many_files();

// Of the last minute; negative when the machine does not say.
double load_average();

// How long fdatasync takes after 4 KiB were written to a file whose blocks are there already:
// `count` times, one after the other. The file is made in `directory` and removed. Blocks.
std::expected<metrics::FineHistogram, std::string> measure_fdatasync(const std::string& directory,
                                                                     int count);

}  // namespace payswitch::lab::load
