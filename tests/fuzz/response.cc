// What a processor answers. In whatever pieces it comes, the same answer comes out; beyond the
// limit there is none; what was framed and is written down plainly is read the same again.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string>

#include "http/response_parser.h"

namespace {

using namespace payswitch::http;
using Step = ResponseParser::Step;

constexpr std::size_t max_response_bytes = 512;  // small: within reach of a fuzzer

struct Outcome {
  Step step = Step::need_more;
  unsigned status = 0;
  std::string content_type;
  std::string body;
  bool is_framed = false;
  bool reusable = false;

  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(const ResponseParser& parser, Step step) {
  Outcome outcome;
  outcome.step = step;
  if (step != Step::response) return outcome;
  const IncomingResponse response = parser.response();
  assert(response.status >= 200 && response.status <= 599);
  assert(response.body.size() <= max_response_bytes);
  return {.step = step,
          .status = response.status,
          .content_type = std::string(response.content_type),
          .body = std::string(response.body),
          .is_framed = response.is_framed,
          .reusable = parser.reusable()};
}

// The response ends where it is whole; what is left of the bytes then is not looked at.
Outcome read(std::string_view bytes, std::size_t piece, bool to_head) {
  ResponseParser parser{max_response_bytes};
  parser.start(to_head);
  while (!bytes.empty()) {
    const auto room = parser.prepare();
    const auto count = bytes.substr(0, piece).copy(room.data(), room.size());
    parser.commit(count);
    bytes.remove_prefix(count);
    const Step step = parser.next();
    if (step == Step::need_more) continue;
    Outcome outcome = outcome_of(parser, step);
    // Whether more was behind it depends on the pieces.
    if (!bytes.empty()) outcome.reusable = false;
    return outcome;
  }
  const Step step = parser.finish();
  assert(step != Step::need_more);
  return outcome_of(parser, step);
}

// What is no response may be garbled in one way and cut in the other: in pieces Beast looks at a
// header a second time only when its end has come, and takes the end of a line that is quoted in a
// chunk's extension for one that is not. Both leave the payment unknown.
void expect_same_in_pieces(const Outcome& pieces, const Outcome& whole) {
  const auto is_none = [](const Outcome& outcome) {
    return outcome.step == Step::garbled || outcome.step == Step::cut;
  };
  assert((is_none(pieces) && is_none(whole)) || pieces == whole);
}

void expect_same_when_plain(const Outcome& first) {
  const std::string text =
      fmt::format("HTTP/1.1 {} x\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", first.status,
                  first.content_type, first.body.size(), first.body);
  if (text.size() > max_response_bytes) return;
  const Outcome again = read(text, std::string::npos, false);
  assert(again.step == Step::response && again.status == first.status);
  assert(again.content_type == first.content_type && again.body == first.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool to_head : {false, true}) {
    const Outcome whole = read(bytes, std::string::npos, to_head);
    for (const std::size_t piece : {1u, 7u}) {
      expect_same_in_pieces(read(bytes, piece, to_head), whole);
    }
    const bool has_body = whole.status != 204 && whole.status != 304;
    if (whole.step == Step::response && whole.is_framed && has_body) expect_same_when_plain(whole);
  }
  return 0;
}
