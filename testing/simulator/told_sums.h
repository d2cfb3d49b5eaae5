#pragma once

#include <optional>
#include <string>
#include <vector>

#include "books/books.h"
#include "payment/time.h"
#include "platform/clock.h"
#include "testing/simulator/told.h"

namespace payswitch::lab::simulator {

// The sums that clients were told, and up to where each was told as final: later attempts keep out
// of it, whatever clock, life or instance issues them, and the same window never shows less than
// before (PROTOCOL 6). What was issued before a sum was told may still join it.
class ToldSums {
 public:
  struct Told {
    books::Window window;
    std::optional<payment::UtcMs> final_until;  // nullopt: nothing of it was told as final
    std::vector<Sum> sums;                      // of each that may be configured, in one order
  };

  // A sum that was asked for at `asked` has been told. Returns what is wrong with it.
  std::optional<std::string> tell(const Told& told, platform::Instant asked, platform::Instant now);

  // An attempt that was surely issued after `issued_after` shows its requestedAt. Returns what is
  // wrong with it.
  std::optional<std::string> issue(payment::UtcMs requested_at,
                                   platform::Instant issued_after) const;

  // A sum may be smaller for a moment: what was read and not yet durable is gone (PROTOCOL 6).
  void forget_sums() { told_.clear(); }

  bool empty() const { return finals_.empty(); }

 private:
  static constexpr std::size_t most_remembered = 64;

  struct Remembered {
    Told told;
    platform::Instant at;
  };
  struct Final {
    platform::Instant at;
    payment::UtcMs until;
  };

  std::vector<Remembered> told_;
  std::vector<Final> finals_;  // both grow
};

}  // namespace payswitch::lab::simulator
