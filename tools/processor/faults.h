#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

// The ways in which a processor of the laboratory misbehaves beyond its contract (PUT /lab/faults).
namespace payswitch::lab {

enum class PostFault : std::uint8_t {
  none,
  drop,             // closes without booking and without a response
  take_and_drop,    // books, then closes without a response
  take_late,        // books and answers 200 after `late`, whatever delay and failure say by then
  answer_late,      // books at once, answers after `late`
  error_booked,     // books, then answers 500 with a body
  error_unbooked,   // answers 500 with a body
  garble_booked,    // books, then sends what is no HTTP response and closes
  garble_unbooked,  // sends what is no HTTP response and closes
  status,           // answers `status` with an empty body
};

enum class GetFault : std::uint8_t {
  none,
  no_zone,    // requestedAt without its Z
  not_found,  // 404, whatever the books say
  status,     // answers `status` with an empty body
  drop,       // closes without a response
};

// One fault as it strikes one request.
struct PostMischief {
  PostFault fault = PostFault::none;
  std::chrono::milliseconds late{0};
  unsigned status = 0;
};

struct GetMischief {
  GetFault fault = GetFault::none;
  unsigned status = 0;
};

// The faults that are switched on, each for all requests to come or for the next few only. Pure.
class Faults {
 public:
  static constexpr std::uint64_t max_count = 1'000'000'000;
  static constexpr std::uint64_t max_late_ms = 24 * 60 * 60 * 1000;

  // The body of PUT /lab/faults; `{}` means none. An error names the field at fault.
  static std::expected<Faults, std::string> parse(std::string_view json);

  // The fault of the next POST or GET; uses up one of its count.
  PostMischief strike_post();
  GetMischief strike_get();

 private:
  PostMischief post_;
  std::optional<std::uint64_t> posts_left_;  // nullopt: all
  GetMischief get_;
  std::optional<std::uint64_t> gets_left_;
};

}  // namespace payswitch::lab
