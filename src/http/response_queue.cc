#include "http/response_queue.h"

#include <cassert>
#include <utility>

namespace payswitch::http {

std::uint64_t ResponseQueue::open(ResponseShape shape) {
  slots_.push_back(
      {.shape = shape, .answered = false, .ends = false, .bytes = {}, .ended = nullptr});
  return first_ + slots_.size() - 1;
}

void ResponseQueue::answer(std::uint64_t sequence, const Response& response, std::string_view date,
                           std::string& out) {
  if (ended_) return;
  assert(sequence >= first_ && sequence - first_ < slots_.size());
  Slot& slot = slots_[sequence - first_];
  assert(!slot.answered);
  if (sequence != first_) {
    render(slot, response, date, slot.bytes);
    held_bytes_ += slot.bytes.size();
    return;
  }
  render(slot, response, date, out);
  pop_answered(out);
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

void ResponseQueue::render(Slot& slot, const Response& response, std::string_view date,
                           std::string& out) {
  slot.answered = true;
  slot.ended = nullptr;
  slot.ends = response.raw_then_close.has_value();
  if (slot.ends) {
    out += *response.raw_then_close;
  } else {
    append_response(out, response, slot.shape, date);
  }
}

// A response that was given in its turn has no bytes here: they are in `out` already.
void ResponseQueue::pop_answered(std::string& out) {
  while (!slots_.empty() && slots_.front().answered) {
    const Slot& slot = slots_.front();
    out += slot.bytes;
    held_bytes_ -= slot.bytes.size();
    ended_ = slot.ends;
    if (ended_) {
      slots_.clear();
      held_bytes_ = 0;
      return;
    }
    slots_.pop_front();
    ++first_;
  }
}

void ResponseQueue::close_last() {
  if (!slots_.empty()) slots_.back().shape.close = true;
}

}  // namespace payswitch::http
