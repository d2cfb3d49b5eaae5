#include "tools/processor/processor.h"

#include <algorithm>
#include <cassert>

namespace payswitch::lab {

void Processor::take_running_place() {
  assert(running_ < max_running);
  ++running_;
  counters_.max_running = std::max<std::uint64_t>(counters_.max_running, running_);
}

Processor::Admission Processor::arrive(Post& post) {
  if (full()) return Admission::turn_away;
  post.mischief = faults_.strike_post();
  if (running_ == max_running) {
    ++waiting_;
    return Admission::wait;
  }
  take_running_place();
  return Admission::run;
}

bool Processor::start_waiting() {
  if (waiting_ == 0 || running_ == max_running) return false;
  --waiting_;
  take_running_place();
  return true;
}

platform::Duration Processor::start(Post& post) {
  switch (post.mischief.fault) {
    case PostFault::none:
      return settings_.delay;
    case PostFault::take_late:
      return post.mischief.late;
    case PostFault::answer_late:
      post.decided = book(post) ? PostResponse::taken : PostResponse::already_booked;
      return post.mischief.late;
    default:
      return platform::Duration::zero();
  }
}

PostResponse Processor::finish(const Post& post) {
  assert(running_ > 0);
  --running_;
  if (post.decided) return *post.decided;
  switch (post.mischief.fault) {
    case PostFault::none:
      // The switch comes before the books: a 500 to a second POST says nothing of the first.
      if (settings_.failing) return PostResponse::failing;
      [[fallthrough]];
    case PostFault::take_late:
    case PostFault::answer_late:
      return book(post) ? PostResponse::taken : PostResponse::already_booked;
    case PostFault::take_and_drop:
      book(post);
      return PostResponse::silence;
    case PostFault::drop:
      return PostResponse::silence;
    case PostFault::error_booked:
      book(post);
      return PostResponse::broken;
    case PostFault::error_unbooked:
      return PostResponse::broken;
    case PostFault::garble_booked:
      book(post);
      return PostResponse::garbled;
    case PostFault::garble_unbooked:
      return PostResponse::garbled;
    case PostFault::status:
      return PostResponse::status;
  }
  assert(false);
  return PostResponse::silence;
}

bool Processor::book(const Post& post) {
  const bool booked = ledger_.book(post.id, post.entry);
  if (booked) ++counters_.posts_booked;
  return booked;
}

bool Processor::admit_health_call(platform::Instant now) {
  ++counters_.health_calls;
  if (last_health_answer_ && now - *last_health_answer_ < health_interval) {
    ++counters_.health_throttled;
    return false;
  }
  last_health_answer_ = now;
  return true;
}

GetMischief Processor::strike_get() {
  ++counters_.gets;
  return full() ? GetMischief{} : faults_.strike_get();
}

}  // namespace payswitch::lab
