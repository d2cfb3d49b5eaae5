#include "redis/refusal.h"

#include <algorithm>
#include <array>

namespace payswitch::redis {

bool is_final(std::string_view error) {
  // The first words of each, as Redis 7 says them. "ERR" alone says nothing: the loss of a disk or
  // of a cluster's slot begins with it as well.
  constexpr std::array<std::string_view, 9> final_errors{
      "WRONGPASS ",
      "NOAUTH ",
      "NOPERM ",
      "ERR AUTH <password> called without any password",
      "ERR DB index is out of range",
      "ERR invalid DB index",
      "ERR SELECT is not allowed in cluster mode",
      "ERR unknown command",
      "ERR The user executing the script can't",
  };
  return std::ranges::any_of(final_errors,
                             [&](std::string_view each) { return error.starts_with(each); });
}

}  // namespace payswitch::redis
