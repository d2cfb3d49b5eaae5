#include "http/response_queue.h"

#include <cassert>
#include <utility>

namespace payswitch::http {

std::uint64_t ResponseQueue::open(ResponseShape shape) {
  slots_.push_back({.shape = shape, .answered = false, .bytes = {}, .ended = nullptr});
  return first_ + slots_.size() - 1;
}

void ResponseQueue::respond(std::uint64_t sequence, const Response& response, std::string_view date,
                            std::string& out) {
  assert(sequence >= first_ && sequence - first_ < slots_.size());
  Slot& slot = slots_[sequence - first_];
  assert(!slot.answered);
  slot.answered = true;
  slot.ended = nullptr;
  const bool is_next = sequence == first_;
  append_response(is_next ? out : slot.bytes, response, slot.shape, date);
  held_bytes_ += slot.bytes.size();
  if (is_next) pop_answered(out);
}

void ResponseQueue::watch(std::uint64_t sequence, ResponseSink::Ended ended) {
  assert(sequence >= first_ && sequence - first_ < slots_.size());
  Slot& slot = slots_[sequence - first_];
  assert(!slot.answered);
  slot.ended = std::move(ended);
}

std::vector<ResponseSink::Ended> ResponseQueue::take_watchers() {
  std::vector<ResponseSink::Ended> watchers;
  for (Slot& slot : slots_) {
    if (slot.ended) watchers.push_back(std::exchange(slot.ended, nullptr));
  }
  return watchers;
}

// A response that came in its turn has no bytes here: they are in `out` already.
void ResponseQueue::pop_answered(std::string& out) {
  while (!slots_.empty() && slots_.front().answered) {
    out += slots_.front().bytes;
    held_bytes_ -= slots_.front().bytes.size();
    slots_.pop_front();
    ++first_;
  }
}

void ResponseQueue::close_last() {
  if (!slots_.empty()) slots_.back().shape.close = true;
}

}  // namespace payswitch::http
