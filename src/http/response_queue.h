#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/render.h"

namespace payswitch::http {

// The unanswered requests of one connection. Responses come in any order and leave in the order of
// the requests (RFC 9112 section 9.3.2): one that comes early is held back as bytes.
class ResponseQueue {
 public:
  // A request came in; the number names it.
  std::uint64_t open(ResponseShape shape);

  // Its response, made at `date` (the value of a Date field). Appends to `out` all that may go out
  // now.
  void respond(std::uint64_t sequence, const Response& response, std::string_view date,
               std::string& out);

  // `ended` is for the client's end, as long as that request is unanswered.
  void watch(std::uint64_t sequence, ResponseSink::Ended ended);
  // Those of all unanswered requests, in their order; each is given out once.
  std::vector<ResponseSink::Ended> take_watchers();

  // No request follows the last one that is open, so its response says so, unless that is being
  // held back already.
  void close_last();

  bool empty() const { return slots_.empty(); }
  std::size_t size() const { return slots_.size(); }
  // The request that is answered next, or the number of the next one to come in.
  std::uint64_t first() const { return first_; }
  std::size_t held_bytes() const { return held_bytes_; }

 private:
  struct Slot {
    ResponseShape shape;
    bool answered = false;
    std::string bytes;  // of a response that waits for the ones before it
    ResponseSink::Ended ended = nullptr;
  };

  void pop_answered(std::string& out);

  std::deque<Slot> slots_;
  std::uint64_t first_ = 0;  // the number of slots_.front()
  std::size_t held_bytes_ = 0;
};

}  // namespace payswitch::http
