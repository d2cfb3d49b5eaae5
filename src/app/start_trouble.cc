#include "app/start_trouble.h"

#include <fmt/format.h>

namespace payswitch::app {

std::string start_trouble(const std::error_code& error) {
  if (error == std::errc::resource_unavailable_try_again) {
    return "cannot start: the system grants no more threads (RLIMIT_NPROC, or pids.max of the "
           "cgroup)";
  }
  if (error == std::errc::too_many_files_open) {
    return "cannot start: the system grants no more file descriptors (RLIMIT_NOFILE)";
  }
  if (error == std::errc::too_many_files_open_in_system) {
    return "cannot start: the machine has no more file descriptors (fs.file-max)";
  }
  if (error == std::errc::not_enough_memory) return "cannot start: there is not enough memory";
  return fmt::format("cannot start: {}", error.message());
}

}  // namespace payswitch::app
