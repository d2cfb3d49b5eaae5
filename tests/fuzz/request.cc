// What a client sends. In whatever pieces it comes, the same requests come out; what was taken and
// is written down plainly is read the same again; no part of it can carry a line break.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <vector>

#include "http/ascii.h"
#include "http/request_parser.h"

namespace {

using namespace payswitch::http;
using Step = RequestParser::Step;

// Small: within reach of a fuzzer.
constexpr RequestParser::Limits limits{.max_header_bytes = 512, .max_body_bytes = 256};
constexpr RequestParser::Limits wide{.max_header_bytes = 2048, .max_body_bytes = 256};

struct Taken {
  Method method;
  std::string path;
  std::string query;
  std::vector<std::pair<std::string, std::string>> fields;  // without those that frame the body
  std::string body;

  bool operator==(const Taken&) const = default;
};

struct Outcome {
  std::vector<Taken> requests;
  std::vector<bool> keep_alive;
  unsigned status = 0;  // of the rejection; 0: none
  bool mid_request = false;
};

bool frames(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") ||
         equal_ignoring_case(name, "Transfer-Encoding") || equal_ignoring_case(name, "Expect");
}

bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Taken copy_of(const Request& request) {
  Taken taken{.method = request.method,
              .path = std::string(request.path),
              .query = std::string(request.query),
              .fields = {},
              .body = std::string(request.body)};
  assert(is_one_line(request.path) && is_one_line(request.query));
  assert(!request.path.contains(' ') && !request.query.contains(' '));
  assert(request.body.size() <= limits.max_body_bytes);
  for (const Field& field : request.fields) {
    assert(!field.name.empty() && is_one_line(field.name) && is_one_line(field.value));
    if (!frames(field.name)) taken.fields.emplace_back(field.name, field.value);
  }
  return taken;
}

Outcome read(std::string_view bytes, std::size_t piece, const RequestParser::Limits& most) {
  RequestParser parser{most};
  Outcome outcome;
  while (!bytes.empty()) {
    const auto room = parser.prepare();
    const auto count = bytes.substr(0, piece).copy(room.data(), room.size());
    parser.commit(count);
    bytes.remove_prefix(count);
    Step step = parser.next();
    for (; step == Step::request; step = parser.next()) {
      outcome.requests.push_back(copy_of(parser.request()));
      outcome.keep_alive.push_back(parser.keep_alive());
    }
    outcome.mid_request = parser.mid_request();
    if (step == Step::need_more) continue;
    outcome.status = parser.problem().status;
    assert(outcome.status >= 400 && parser.next() == Step::rejected);
    return outcome;
  }
  return outcome;
}

std::string plain(const Taken& taken) {
  std::string text = fmt::format("{} {}{}{} HTTP/1.1\r\n", to_string(taken.method), taken.path,
                                 taken.query.empty() ? "" : "?", taken.query);
  for (const auto& [name, value] : taken.fields) text += fmt::format("{}: {}\r\n", name, value);
  const auto is_host = [](const auto& field) { return equal_ignoring_case(field.first, "Host"); };
  if (std::ranges::none_of(taken.fields, is_host)) text += "Host: a\r\n";
  return text + fmt::format("Content-Length: {}\r\n\r\n{}", taken.body.size(), taken.body);
}

// In pieces Beast looks at a header a second time only when its end has come: what is wrong with it
// shows later, and perhaps as a header that is too large. And it counts a chunk again each time
// that it looks at an extension whose quotes are not closed on its line: such a body is too large
// soon, and malformed later.
void expect_same_in_pieces(const Outcome& pieces, const Outcome& whole) {
  assert(pieces.requests == whole.requests && pieces.keep_alive == whole.keep_alive);
  if (pieces.status == whole.status || pieces.status == 431) return;
  if (pieces.status == 0) assert(pieces.mid_request);
  if (pieces.status != 0)
    assert(pieces.status == 413 && (whole.status == 400 || whole.mid_request));
}

void expect_same_when_plain(const Taken& taken) {
  if (taken.method == Method::other) return;  // its name is not kept
  Outcome again = read(plain(taken), std::string::npos, wide);
  assert(again.status == 0 && again.requests.size() == 1);
  Taken& second = again.requests.front();
  if (second.fields.size() > taken.fields.size()) second.fields.pop_back();  // our Host
  assert(second == taken);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, std::string::npos, limits);
  for (const std::size_t piece : {1u, 7u}) {
    expect_same_in_pieces(read(bytes, piece, limits), whole);
  }
  for (const Taken& taken : whole.requests) expect_same_when_plain(taken);
  return 0;
}
