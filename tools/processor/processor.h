#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "platform/clock.h"
#include "tools/processor/faults.h"
#include "tools/processor/fee.h"
#include "tools/processor/ledger.h"

namespace payswitch::lab {

// What the test controls set.
struct Settings {
  std::string token = "123";
  std::chrono::milliseconds delay{0};
  bool failing = false;
};

// Since the start; a purge does not reset them.
struct Counters {
  std::uint64_t posts = 0;         // every POST /payments, whatever became of it
  std::uint64_t posts_booked = 0;  // booked by a POST, not by PUT /lab/books
  std::uint64_t gets = 0;          // every GET /payments/{id}
  std::uint64_t health_calls = 0;
  std::uint64_t health_throttled = 0;
  std::uint64_t max_running = 0;  // the most POSTs that ever ran at once
};

// How a POST ends.
enum class PostResponse : std::uint8_t {
  taken,           // 200
  already_booked,  // 422
  failing,         // 500 with an empty body
  broken,          // 500 with a body
  status,          // the fault's status with an empty body
  garbled,         // bytes that are no HTTP response, then the connection is closed
  silence,         // the connection is closed
};

// One POST from its admission to its response.
struct Post {
  payment::CorrelationId id;
  Entry entry;
  PostMischief mischief;
  std::optional<PostResponse> decided;  // before the end, where a fault wants it so
};

// A payment processor as its contract describes it, and with the faults switched on: every
// decision, no clock, no socket. A POST goes arrive -> (wait -> start_waiting ->) start -> sleep ->
// finish; whether its client is still there plays no part. Pure.
class Processor {
 public:
  static constexpr std::size_t max_running = 800;
  static constexpr std::size_t max_waiting = 500;
  static constexpr platform::Duration health_interval = std::chrono::seconds(5);

  enum class Admission : std::uint8_t { run, wait, turn_away };

  explicit Processor(Fee fee, Settings settings = {}) : fee_(fee), settings_(std::move(settings)) {}

  // -- a POST -------------------------------------------------------------------------------------
  // Counts a POST, also one whose body turns out to be bad.
  void count_post() { ++counters_.posts; }
  // Takes a place among the running or the waiting, and draws the fault that will strike; a POST
  // that is turned away takes none and uses up no fault.
  Admission arrive(Post& post);
  // True when the longest waiting POST is to start now: it has a running place.
  bool start_waiting();
  // How long a running POST sleeps before it finishes.
  platform::Duration start(Post& post);
  // Books or not, and gives the running place back.
  PostResponse finish(const Post& post);

  // GETs share the limit with POSTs only so far that they are turned away while it is reached.
  bool full() const { return running_ == max_running && waiting_ == max_waiting; }

  // -- reads --------------------------------------------------------------------------------------
  // False: too soon after the last call that was answered.
  bool admit_health_call(platform::Instant now);

  GetMischief strike_get();

  Fee fee() const { return fee_; }
  Settings& settings() { return settings_; }
  Ledger& ledger() { return ledger_; }
  void set_faults(const Faults& faults) { faults_ = faults; }
  const Counters& counters() const { return counters_; }

 private:
  void take_running_place();
  bool book(const Post& post);

  Fee fee_;
  Settings settings_;
  Faults faults_;
  Ledger ledger_;
  Counters counters_;
  std::size_t running_ = 0;
  std::size_t waiting_ = 0;
  std::optional<platform::Instant> last_health_answer_;
};

}  // namespace payswitch::lab
