// What Redis answers. In whatever pieces it comes, the same replies come out; each command is
// answered once, in order, or fails when the connection is cut.
#include <algorithm>
#include <cassert>
#include <string>
#include <vector>

#include "redis/pipeline.h"

namespace {

using namespace payswitch;
using redis::Reply;

constexpr std::size_t max_reply_bytes = 1 << 16;  // longer than an input

struct Outcome {
  std::vector<Reply> replies;
  std::string error;

  bool operator==(const Outcome&) const = default;
};

Outcome read(std::span<const char> bytes, std::size_t piece) {
  redis::ReplyReader reader(max_reply_bytes);
  Outcome outcome;
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    reader.feed(part);
    bytes = bytes.subspan(part.size());
    for (;;) {
      auto reply = reader.next();
      if (!reply) {
        outcome.error = reply.error();
        return outcome;
      }
      if (!*reply) break;
      outcome.replies.push_back(std::move(**reply));
    }
  }
  return outcome;
}

void expect_answered_once(std::span<const char> bytes, const Outcome& expected) {
  constexpr std::size_t sent = 4;
  redis::Options options;
  options.max_reply_bytes = max_reply_bytes;
  redis::Counters counters;
  redis::Pipeline pipeline(options, counters);
  std::vector<std::expected<Reply, redis::Failure>> answers;
  const std::string_view words[] = {"PING"};
  const auto add = [&] {
    redis::Client::Done done = [&](auto reply) { answers.push_back(std::move(reply)); };
    const bool added = pipeline.add(words, done, {});
    assert(added);
  };
  for (std::size_t i = 0; i < sent; ++i) add();
  pipeline.take_output();
  add();  // gathered, and not sent: nothing can answer it
  const auto fed = pipeline.feed(bytes, {});
  assert(fed || !fed.error().empty());
  assert(fed.has_value() == (expected.error.empty() && expected.replies.size() <= sent));
  const std::size_t answered = answers.size();
  assert(answered == std::min(sent, expected.replies.size()));
  for (std::size_t i = 0; i < answered; ++i) assert(answers[i] == expected.replies[i]);
  pipeline.cut();
  assert(answers.size() == sent + 1 && pipeline.outstanding() == 0);
  for (std::size_t i = answered; i < sent; ++i) {
    assert(answers[i] == std::unexpected(redis::Failure::maybe_ran));
  }
  assert(answers.back() == std::unexpected(redis::Failure::not_sent));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > max_reply_bytes) return 0;
  const std::span bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, size);
  for (const std::size_t piece : {1u, 7u}) assert(read(bytes, piece) == whole);
  expect_answered_once(bytes, whole);
  return 0;
}
