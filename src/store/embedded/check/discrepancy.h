#pragma once

#include <cstdint>
#include <string>

namespace payswitch::store::embedded::check {

// Where in the data directory.
struct Place {
  std::string file;
  std::uint64_t offset = 0;  // bytes

  bool operator==(const Place&) const = default;
};

// Something in the journal that is not as it must be.
struct Discrepancy {
  Place place;
  std::string text;  // for a person

  bool operator==(const Discrepancy&) const = default;
};

}  // namespace payswitch::store::embedded::check
