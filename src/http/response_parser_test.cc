#include "http/response_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace payswitch::http {
namespace {

using Step = ResponseParser::Step;

struct Outcome {
  Step step = Step::need_more;
  unsigned status = 0;
  std::string content_type;
  std::string body;
  bool reusable = false;
  bool is_framed = true;

  bool operator==(const Outcome&) const = default;
};

struct Feeding {
  std::size_t piece = 100'000;
  bool to_head = false;
  bool then_ends = false;
  std::size_t max_response_bytes = 64 * 1024;
};

Outcome fed(std::string_view bytes, const Feeding& how) {
  ResponseParser parser{how.max_response_bytes};
  parser.start(how.to_head);
  Step step = Step::need_more;
  while (!bytes.empty() && step == Step::need_more) {
    const auto room = parser.prepare();
    const auto count = bytes.substr(0, how.piece).copy(room.data(), room.size());
    parser.commit(count);
    bytes.remove_prefix(count);
    step = parser.next();
  }
  if (step == Step::need_more && how.then_ends) step = parser.finish();
  Outcome outcome{.step = step, .status = 0, .content_type = {}, .body = {}};
  if (step != Step::response) return outcome;
  const IncomingResponse response = parser.response();
  return {.step = step,
          .status = response.status,
          .content_type = std::string{response.content_type},
          .body = std::string{response.body},
          .reusable = parser.reusable(),
          .is_framed = response.is_framed};
}

Outcome parsed(std::string_view bytes, Feeding how = {}) {
  const Outcome whole = fed(bytes, how);
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 100u}) {
    how.piece = piece;
    EXPECT_EQ(fed(bytes, how), whole) << "in pieces of " << piece;
  }
  return whole;
}

std::string ok(std::string_view fields, std::string_view body) {
  return "HTTP/1.1 200 OK\r\n" + std::string{fields} + "\r\n" + std::string{body};
}

TEST(ResponseParser, AResponseHasStatusTypeAndBody) {
  EXPECT_EQ(parsed(ok("Content-Type: application/json\r\nContent-Length: 2\r\n", "{}")),
            (Outcome{Step::response, 200, "application/json", "{}", true}));
}

TEST(ResponseParser, AnEmptyBodyIsAWholeResponse) {
  EXPECT_EQ(parsed("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"),
            (Outcome{Step::response, 500, "", "", true}));
}

TEST(ResponseParser, AReasonPhraseMayBeEmpty) {
  EXPECT_EQ(parsed("HTTP/1.1 429 \r\nContent-Length: 0\r\n\r\n").status, 429u);
}

TEST(ResponseParser, AChunkedBodyIsPutTogether) {
  EXPECT_EQ(
      parsed(ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1;x\r\n!\r\n0\r\nT: t\r\n\r\n")),
      (Outcome{Step::response, 200, "", "hello!", true}));
  EXPECT_EQ(parsed(ok("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")).step, Step::response);
}

TEST(ResponseParser, WithoutALengthTheBodyEndsWithTheConnection) {
  EXPECT_EQ(parsed(ok("", "to the end"), {.then_ends = true}),
            (Outcome{Step::response, 200, "", "to the end", false, false}));
  EXPECT_EQ(parsed(ok("", "to the end")).step, Step::need_more);
}

TEST(ResponseParser, AnEmptyBodyThatOnlyTheConnectionEndedIsNotFramed) {
  const std::string header = "HTTP/1.1 500 Internal Server Error\r\n";
  EXPECT_FALSE(parsed(header + "\r\n", {.then_ends = true}).is_framed);
  EXPECT_TRUE(parsed(header + "Content-Length: 0\r\n\r\n").is_framed);
  EXPECT_TRUE(parsed(header + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").is_framed);
}

TEST(ResponseParser, InterimResponsesArePassedOver) {
  const std::string hundred = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nContent-Type: a/b\r\n\r\n";
  EXPECT_EQ(parsed(hundred + hint + ok("Content-Length: 1\r\n", "x")),
            (Outcome{Step::response, 200, "", "x", true}));
}

TEST(ResponseParser, EightInterimResponsesAreTakenAndNineAreNot) {
  std::string interim;
  for (int i = 0; i < 8; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(parsed(interim + ok("Content-Length: 0\r\n", "")).step, Step::response);
  interim += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(parsed(interim + ok("Content-Length: 0\r\n", "")).step, Step::garbled);
}

TEST(ResponseParser, SwitchingProtocolsWasNeverAskedFor) {
  EXPECT_EQ(parsed("HTTP/1.1 101 Switching Protocols\r\n\r\n").step, Step::garbled);
}

TEST(ResponseParser, SomeResponsesHaveNoBodyWhateverTheySay) {
  EXPECT_EQ(parsed("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").step, Step::response);
  EXPECT_EQ(parsed("HTTP/1.1 304 Not Modified\r\n\r\n").step, Step::response);
  EXPECT_EQ(parsed(ok("Content-Length: 5\r\n", ""), {.to_head = true}),
            (Outcome{Step::response, 200, "", "", true}));
}

TEST(ResponseParser, AConnectionIsReusableOnlyWhenBothSidesMeanIt) {
  EXPECT_FALSE(parsed(ok("Content-Length: 0\r\nConnection: close\r\n", "")).reusable);
  EXPECT_FALSE(parsed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").reusable);
  EXPECT_TRUE(
      parsed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").reusable);
}

TEST(ResponseParser, BytesAfterAResponseSpoilTheConnectionAndNotTheResponse) {
  const Outcome outcome = fed(ok("Content-Length: 1\r\n", "xHTTP/1.1 200 OK\r\n"), {});
  EXPECT_EQ(outcome, (Outcome{Step::response, 200, "", "x", false}));
}

TEST(ResponseParser, AnInputThatEndsEarlyIsCut) {
  const std::string whole = ok("Content-Length: 5\r\n", "hello");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parsed(whole.substr(0, size), {.then_ends = true}).step, Step::cut) << size;
  }
  EXPECT_EQ(
      parsed(ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"), {.then_ends = true}).step,
      Step::cut);
  EXPECT_EQ(parsed("HTTP/1.1 100 Continue\r\n\r\n", {.then_ends = true}).step, Step::cut);
}

TEST(ResponseParser, WhatIsNoResponseIsGarbled) {
  for (const char* bytes :
       {"hello world\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 Low\r\n\r\n", "HTTP/1.1 600 High\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    EXPECT_EQ(parsed(bytes).step, Step::garbled) << bytes;
  }
}

TEST(ResponseParser, FramingThatCanBeReadInTwoWaysIsGarbled) {
  for (const char* fields :
       {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: x\r\n", "Content-Length: 1, 2\r\n",
        "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n"}) {
    EXPECT_EQ(parsed(ok(fields, "1\r\nx\r\n0\r\n\r\n")).step, Step::garbled) << fields;
  }
}

TEST(ResponseParser, AResponseMayFillItsLimitAndNotOneByteMore) {
  const auto of_size = [](std::size_t size) {
    const std::string head = ok("Content-Length: 0000\r\n", "");
    const std::size_t body = size - head.size();
    return ok("Content-Length: 0" + std::to_string(body) + "\r\n", std::string(body, 'b'));
  };
  ASSERT_EQ(of_size(1000).size(), 1000u);
  EXPECT_EQ(parsed(of_size(1000), {.max_response_bytes = 1000}).step, Step::response);
  EXPECT_EQ(parsed(of_size(1001), {.max_response_bytes = 1000}).step, Step::garbled);
}

TEST(ResponseParser, ABodyToTheEndMayFillTheLimitAndNotOneByteMore) {
  const std::string head = ok("", "");
  const Feeding how{.then_ends = true, .max_response_bytes = 1000};
  EXPECT_EQ(parsed(head + std::string(999 - head.size(), 'b'), how).step, Step::response);
  EXPECT_EQ(parsed(head + std::string(1000 - head.size(), 'b'), how).step, Step::response);
  EXPECT_EQ(parsed(head + std::string(1001 - head.size(), 'b'), how).step, Step::garbled);
}

TEST(ResponseParser, AnEndlessHeaderIsGarbled) {
  EXPECT_EQ(
      parsed("HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x'), {.max_response_bytes = 1000}).step,
      Step::garbled);
}

TEST(ResponseParser, NothingOfOneResponseIsLeftInTheNext) {
  ResponseParser parser{1000};
  const auto feed = [&](std::string_view bytes) {
    parser.start(false);
    parser.commit(bytes.copy(parser.prepare().data(), parser.prepare().size()));
    return parser.next();
  };
  ASSERT_EQ(feed(ok("Content-Type: a/b\r\nContent-Length: 3\r\n", "one")), Step::response);
  ASSERT_EQ(feed(ok("Content-Length: 3\r\n", "two") + "stray"), Step::response);
  ASSERT_EQ(feed(ok("Content-Length: 0\r\n", "")), Step::response);
  EXPECT_EQ(parser.response().content_type, "");
  EXPECT_EQ(parser.response().body, "");
  EXPECT_TRUE(parser.reusable());
}

}  // namespace
}  // namespace payswitch::http
