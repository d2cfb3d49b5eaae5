#pragma once

#include <cstdint>
#include <string>

namespace payswitch::audit {

// Where in the data directory.
struct Place {
  std::string file;
  std::uint64_t offset = 0;  // bytes

  bool operator==(const Place&) const = default;
};

// Something in the journal that is not as it must be.
struct JournalFinding {
  Place place;
  std::string text;  // for a person

  bool operator==(const JournalFinding&) const = default;
};

}  // namespace payswitch::audit
