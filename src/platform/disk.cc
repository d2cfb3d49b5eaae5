#include "platform/disk.h"

#include <fmt/format.h>

#include <cassert>
#include <system_error>

namespace payswitch::platform {

std::string DiskError::message() const {
  return fmt::format("{}: {}", what, std::generic_category().message(code));
}

std::string_view to_string(Durability durability) {
  switch (durability) {
    case Durability::fsync:
      return "fsync";
    case Durability::os:
      return "os";
    case Durability::memory:
      return "memory";
  }
  assert(false);
  return "";
}

}  // namespace payswitch::platform
