#include "http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace payswitch::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Step = RequestParser::Step;

constexpr RequestParser::Limits limits{.max_header_bytes = 8192, .max_body_bytes = 16384};

// What came out of a stream of bytes. Whatever the pieces in which it comes, it must be the same.
struct Outcome {
  std::vector<std::string> requests;  // "METHOD path?query [name=value]... body"
  unsigned status = 0;                // of the rejection; 0: none
  std::string problem;
  bool keep_alive = false;
  bool mid_request = false;

  bool operator==(const Outcome&) const = default;
};

std::string described(const Request& request) {
  std::string text = std::string{to_string(request.method)} + " " + std::string{request.path};
  if (!request.query.empty()) text += "?" + std::string{request.query};
  for (const Field& field : request.fields) {
    if (field.name != "Host")
      text += " [" + std::string{field.name} + "=" + std::string{field.value} + "]";
  }
  return text + " " + std::string{request.body};
}

void take_steps(RequestParser& parser, Outcome& outcome) {
  for (;;) {
    switch (parser.next()) {
      case Step::need_more:
        outcome.mid_request = parser.mid_request();
        return;
      case Step::request:
        outcome.requests.push_back(described(parser.request()));
        outcome.keep_alive = parser.keep_alive();
        break;
      case Step::rejected:
        outcome.status = parser.problem().status;
        outcome.problem = to_json(parser.problem());
        return;
    }
  }
}

Outcome fed(std::string_view bytes, std::size_t piece) {
  RequestParser parser{limits};
  Outcome outcome;
  while (!bytes.empty() && outcome.status == 0) {
    const auto room = parser.prepare();
    const auto count = bytes.substr(0, piece).copy(room.data(), room.size());
    parser.commit(count);
    bytes.remove_prefix(count);
    take_steps(parser, outcome);
  }
  return outcome;
}

Outcome parsed(std::string_view bytes) {
  const Outcome whole = fed(bytes, bytes.size());
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 100u}) {
    const Outcome pieces = fed(bytes, piece);
    EXPECT_EQ(pieces.requests, whole.requests) << "in pieces of " << piece;
    EXPECT_EQ(pieces.status, whole.status) << "in pieces of " << piece;
    EXPECT_EQ(pieces.keep_alive, whole.keep_alive) << "in pieces of " << piece;
  }
  return whole;
}

std::string get(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n";
}
std::string post(std::string_view fields, std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n" + std::string{body};
}
std::string chunked(std::string_view body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}
unsigned status_of(std::string_view bytes) {
  return parsed(bytes).status;
}

TEST(RequestParser, AGetHasMethodPathQueryAndFields) {
  EXPECT_THAT(
      parsed("GET /payments-summary?from=a&to=b HTTP/1.1\r\nHost: x\r\nX-One:1\r\n"
             "X-Two: \t two words \t\r\nX-None:\r\n\r\n")
          .requests,
      ElementsAre("GET /payments-summary?from=a&to=b [X-One=1] [X-Two=two words] [X-None=] "));
}

TEST(RequestParser, EveryMethodIsKnownOrOther) {
  const auto method = [](std::string name) {
    return parsed(name + " / HTTP/1.1\r\nHost: a\r\n\r\n").requests.at(0);
  };
  EXPECT_EQ(method("HEAD"), "HEAD / ");
  EXPECT_EQ(method("POST"), "POST / ");
  EXPECT_EQ(method("PUT"), "PUT / ");
  EXPECT_EQ(method("DELETE"), "DELETE / ");
  EXPECT_EQ(method("PATCH"), "other / ");
  EXPECT_EQ(method("get"), "other / ") << "methods are case-sensitive";
}

TEST(RequestParser, AFixedBodyIsWhole) {
  EXPECT_THAT(parsed(post("Content-Length: 5\r\n", "hello")).requests,
              ElementsAre("POST /p [Content-Length=5] hello"));
}

TEST(RequestParser, AChunkedBodyIsPutTogetherAndItsTrailersAreDropped) {
  EXPECT_THAT(
      parsed(chunked("5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\nTrailer: t\r\n\r\n")).requests,
      ElementsAre("POST /p [Transfer-Encoding=chunked] hello world"));
}

TEST(RequestParser, AnEmptyChunkedBodyIsReadInAnyPieces) {
  EXPECT_THAT(parsed(chunked("0\r\n\r\n")).requests,
              ElementsAre("POST /p [Transfer-Encoding=chunked] "));
}

TEST(RequestParser, PipelinedRequestsComeOutOneByOne) {
  EXPECT_THAT(parsed(get("") + post("Content-Length: 2\r\n", "ab") +
                     chunked("1\r\nc\r\n0\r\n\r\n") + get(""))
                  .requests,
              ElementsAre("GET / ", "POST /p [Content-Length=2] ab",
                          "POST /p [Transfer-Encoding=chunked] c", "GET / "));
}

TEST(RequestParser, AnythingLeftOverIsTheBeginningOfTheNextRequest) {
  EXPECT_FALSE(fed(get(""), 10'000).mid_request);
  EXPECT_TRUE(fed(get("") + "G", 10'000).mid_request);
  EXPECT_TRUE(fed(post("Content-Length: 5\r\n", "hell"), 10'000).mid_request);
  EXPECT_TRUE(fed(chunked("5\r\nhello\r\n"), 10'000).mid_request);
}

TEST(RequestParser, OneBlankLineBeforeARequestIsForgivenAndTwoAreNot) {
  EXPECT_THAT(parsed("\r\n" + get("")).requests, ElementsAre("GET / "));
  EXPECT_EQ(status_of("\r\n\r\n" + get("")), 400u);
}

TEST(RequestParser, TheAbsoluteFormIsTakenApart) {
  const auto target = [](std::string text) {
    return parsed("GET " + text + " HTTP/1.1\r\nHost: a\r\n\r\n").requests.at(0);
  };
  EXPECT_EQ(target("http://bank:80/payments?x=1"), "GET /payments?x=1 ");
  EXPECT_EQ(target("HTTP://bank"), "GET / ");
  EXPECT_EQ(target("http://bank?x=1"), "GET /?x=1 ");
}

TEST(RequestParser, TheAsteriskIsForOptionsAlone) {
  EXPECT_THAT(parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").requests, ElementsAre("other * "));
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "options"}) {
    EXPECT_EQ(status_of(std::string(method) + " * HTTP/1.1\r\nHost: a\r\n\r\n"), 400u) << method;
  }
}

TEST(RequestParser, ATargetThatIsNeitherAPathNorAnHttpUrlIsMalformed) {
  for (const char* target : {"?x=1", "payments", "bank:80", "https://bank/", "http:///payments"}) {
    EXPECT_EQ(status_of("GET " + std::string{target} + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400u)
        << target;
  }
}

TEST(RequestParser, AHostFieldNamesAHostOrIsEmpty) {
  const auto status = [](std::string host) {
    return status_of("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  };
  EXPECT_EQ(status("bank.example:80"), 0u);
  EXPECT_EQ(status(""), 0u) << "the target has no authority";
  EXPECT_EQ(status("a, b"), 400u);
  EXPECT_EQ(status("a/b"), 400u);
}

TEST(RequestParser, ConnectionsPersistAsTheVersionSays) {
  EXPECT_TRUE(parsed(get("")).keep_alive);
  EXPECT_FALSE(parsed(get("Connection: foo, Close\r\n")).keep_alive);
  EXPECT_FALSE(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(parsed("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
}

TEST(RequestParser, AHeaderMayFillItsLimitAndNotOneByteMore) {
  const auto of_size = [](std::size_t size) {
    const std::string frame = get("X: \r\n");
    return get("X: " + std::string(size - frame.size(), 'x') + "\r\n");
  };
  ASSERT_EQ(of_size(8192).size(), 8192u);
  EXPECT_EQ(parsed(of_size(8192)).requests.size(), 1u);
  EXPECT_EQ(status_of(of_size(8193)), 431u);
  EXPECT_THAT(parsed(of_size(8193)).problem, HasSubstr("urn:payswitch:problem:headers-too-large"));
}

TEST(RequestParser, AHeaderMayFillItsLimitWithABodyBehindIt) {
  const std::string frame = post("Content-Length: 5\r\nX: \r\n", "");
  const std::string filler(8192 - frame.size(), 'x');
  EXPECT_EQ(parsed(post("Content-Length: 5\r\nX: " + filler + "\r\n", "hello")).requests.size(),
            1u);
}

TEST(RequestParser, AnEndlessRequestLineIsTooLarge) {
  EXPECT_EQ(status_of("GET /" + std::string(9000, 'a')), 431u);
}

TEST(RequestParser, AFixedBodyMayFillItsLimitAndNotOneByteMore) {
  EXPECT_EQ(parsed(post("Content-Length: 16384\r\n", std::string(16384, 'b'))).requests.size(), 1u);
  EXPECT_EQ(status_of(post("Content-Length: 16385\r\n", "")), 413u) << "before the body is here";
}

TEST(RequestParser, AChunkedBodyMayFillItsLimitAndNotOneByteMore) {
  const std::string half = "2000\r\n" + std::string(8192, 'b') + "\r\n";
  EXPECT_EQ(parsed(chunked(half + half + "0\r\n\r\n")).requests.size(), 1u);
  EXPECT_EQ(status_of(chunked(half + half + "1\r\nb\r\n0\r\n\r\n")), 413u);
  EXPECT_EQ(status_of(chunked("4001\r\n")), 413u) << "before the chunk is here";
  EXPECT_EQ(status_of(chunked("fffffffffffffffff\r\n")), 400u);
}

TEST(RequestParser, ABodyOfOneByteChunksMayFillTheLimit) {
  std::string body;
  for (int i = 0; i < 16384; ++i) body += "1\r\nb\r\n";
  EXPECT_EQ(fed(chunked(body + "0\r\n\r\n"), 1000).requests.size(), 1u);
}

TEST(RequestParser, ChunksThatAreMostlyExtensionsAreTurnedAway) {
  std::string body;
  for (int i = 0; i < 100; ++i) body += "1;" + std::string(4000, 'e') + "\r\nb\r\n";
  EXPECT_EQ(fed(chunked(body + "0\r\n\r\n"), 1000).status, 413u);
}

TEST(RequestParser, EndlessChunkSizesAndTrailersAreTooLarge) {
  EXPECT_EQ(status_of(chunked("1;" + std::string(9000, 'e'))), 431u);
  EXPECT_EQ(status_of(chunked("0\r\nX: " + std::string(9000, 'e'))), 431u);
}

TEST(RequestParser, BadChunksAreMalformed) {
  EXPECT_EQ(status_of(chunked("xyz\r\nhello")), 400u);
  EXPECT_EQ(status_of(chunked("1\r\nhello\r\n")), 400u);
  EXPECT_EQ(status_of(chunked("-1\r\nh\r\n")), 400u);
  EXPECT_EQ(status_of(chunked("5 x\r\nhello\r\n")), 400u);
}

TEST(RequestParser, ALengthThatIsTooLongForANumberIsTooLarge) {
  EXPECT_EQ(status_of(post("Content-Length: 18446744073709551615\r\n", "")), 413u);
  EXPECT_EQ(status_of(post("Content-Length: 18446744073709551616\r\n", "")), 413u);
  EXPECT_EQ(status_of(post("Content-Length: " + std::string(100, '9') + " \r\n", "")), 413u);
}

TEST(RequestParser, ALengthThatIsNoNumberIsMalformed) {
  for (const char* value : {"", "abc", "-1", "+5", "5x", "0x5", "5 5", "1e3", ","}) {
    EXPECT_EQ(status_of(post("Content-Length: " + std::string{value} + "\r\n", "hello")), 400u)
        << value;
  }
}

TEST(RequestParser, SeveralLengthsAreMalformedEvenWhenEqual) {
  EXPECT_EQ(status_of(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")), 400u);
  EXPECT_EQ(status_of(post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")), 400u);
  EXPECT_EQ(status_of(post("Content-Length: 5, 5\r\n", "hello")), 400u);
  EXPECT_EQ(status_of(post("Content-Length: 5,\r\n", "hello")), 400u);
  const std::string huge(30, '9');
  EXPECT_EQ(status_of(post("Content-Length: 5\r\nContent-Length: " + huge + "\r\n", "")), 400u);
}

TEST(RequestParser, LengthAndTransferEncodingTogetherAreMalformedInEitherOrder) {
  EXPECT_EQ(status_of(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "")), 400u);
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "")), 400u);
  const std::string huge(30, '9');
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\nContent-Length: " + huge + "\r\n", "")),
            400u);
}

TEST(RequestParser, OnlyTheChunkedTransferCodingIsKnown) {
  EXPECT_EQ(parsed(post("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n")).requests.size(), 1u);
  for (const char* value : {"gzip, chunked", "identity, chunked", "gzip;q=1,Chunked"}) {
    EXPECT_EQ(status_of(post("Transfer-Encoding: " + std::string{value} + "\r\n", "0\r\n\r\n")),
              501u)
        << value;
  }
  const std::string two = "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n";
  EXPECT_EQ(status_of(post(two, "0\r\n\r\n")), 501u) << "two fields are one list";
}

TEST(RequestParser, ABodyThatDoesNotEndInChunkedIsMalformed) {
  for (const char* value : {"gzip", "chunked, gzip", "identity", "chunked;q=1", "xchunked", "",
                            "chunked, chunked", ", chunked", "chunked,"}) {
    EXPECT_EQ(status_of(post("Transfer-Encoding: " + std::string{value} + "\r\n", "0\r\n\r\n")),
              400u)
        << value;
  }
  EXPECT_THAT(parsed(post("Transfer-Encoding: gzip\r\n", "")).problem,
              HasSubstr("the last transfer coding is not chunked"));
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", "")), 400u);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"), 400u);
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "")),
            400u);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400u);
}

TEST(RequestParser, SpacesAroundFieldNamesAreMalformed) {
  for (const char* field : {" X: 1", "\tX: 1", "X : 1", "X\t: 1", "X Y: 1", ": 1", "X"}) {
    EXPECT_EQ(status_of(get(std::string{field} + "\r\n")), 400u) << field;
  }
}

TEST(RequestParser, FoldedFieldsAreMalformed) {
  EXPECT_EQ(status_of(get("X: one\r\n two\r\n")), 400u);
  EXPECT_EQ(status_of(get("X: one\r\n\ttwo\r\n")), 400u);
  EXPECT_EQ(status_of(get("X:\r\n two\r\n")), 400u);
  EXPECT_EQ(status_of(get("X:\r\n \r\n")), 400u);
  EXPECT_EQ(status_of(get("X: one\r\n \r\n")), 400u);
}

TEST(RequestParser, BareLineFeedsAndControlsAreMalformed) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: a\n\n\r\n\r\n"), 400u);
  EXPECT_EQ(status_of(get("X: a\nY: b\r\n")), 400u);
  EXPECT_EQ(status_of(get("X: a\rb\r\n")), 400u);
  EXPECT_EQ(status_of(get(std::string_view{"X: a\0b\r\n", 8})), 400u);
}

TEST(RequestParser, AModernRequestHasExactlyOneHost) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400u);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400u);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0u);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400u);
}

TEST(RequestParser, AnUnknownVersionIsNotTheSameAsNone) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505u);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505u);
  EXPECT_EQ(status_of("GET / HTTP/0.9\r\n\r\n"), 505u);
  EXPECT_EQ(status_of("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400u);
  EXPECT_EQ(status_of("GET / FTP/1.1 \r\nHost: a\r\n\r\n"), 400u);
  EXPECT_EQ(status_of("GET /\r\nHost: a\r\n\r\n"), 400u);
}

TEST(RequestParser, ARequestLineWithoutAVersionIsMalformedBeforeTheHeaderHasEnded) {
  for (const char* line : {"GET /\r\n", "GET / \r\n", "GET /\n", "GET\r\n", "GET / HTTP\r\n",
                           "GET / HTTP/1\r\n", "GET /  HTTP/1.1\r\n", "hello\r\n"}) {
    EXPECT_EQ(status_of(line), 400u) << line;
    EXPECT_THAT(parsed(line).problem, HasSubstr("the request line names no version")) << line;
    EXPECT_EQ(status_of(line + std::string("Host: a\r\n\r\n")), 400u) << line;
  }
  EXPECT_EQ(status_of(get("") + "GET /\r\n"), 400u) << "after another request too";
}

TEST(RequestParser, ARequestLineThatMayStillNameAVersionIsAwaited) {
  for (const char* begin : {"G", "GET", "GET ", "GET /", "GET / ", "GET / HTTP/1.1",
                            "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHos"}) {
    EXPECT_EQ(status_of(begin), 0u) << begin;
    EXPECT_TRUE(parsed(begin).mid_request) << begin;
  }
}

TEST(RequestParser, OnlyOneExpectationCanBeMet) {
  EXPECT_EQ(status_of(post("Expect: 100-continue\r\nContent-Length: 1\r\n", "a")), 0u);
  EXPECT_EQ(status_of(post("Expect: tea\r\nContent-Length: 1\r\n", "a")), 417u);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nExpect: tea\r\nContent-Length: 1\r\n\r\na"), 0u);
}

bool awaits_continue(std::string_view bytes) {
  RequestParser parser{limits};
  parser.commit(bytes.copy(parser.prepare().data(), parser.prepare().size()));
  parser.next();
  return parser.awaits_continue();
}

TEST(RequestParser, TheHundredIsAwaitedOnlyWhileABodyIs) {
  const std::string fields = "Expect: 100-Continue\r\nContent-Length: 3\r\n";
  EXPECT_TRUE(awaits_continue(post(fields, "")));
  EXPECT_FALSE(awaits_continue(post(fields, "abc")));
  EXPECT_FALSE(awaits_continue(post("Content-Length: 3\r\n", "")));
  EXPECT_FALSE(awaits_continue(post("Expect: 100-continue\r\n", "")));
  EXPECT_FALSE(awaits_continue(post("Expect: 100-continue\r\nContent-Length: 16385\r\n", "")));
  EXPECT_FALSE(
      awaits_continue("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_FALSE(awaits_continue("POST / HTTP/1.1\r\nHost: a\r\n" + fields)) << "no header yet";
}

TEST(RequestParser, NothingIsReadAfterARejection) {
  const Outcome outcome = fed("BAD\r\n\r\n" + get(""), 10'000);
  EXPECT_EQ(outcome.status, 400u);
  EXPECT_TRUE(outcome.requests.empty());
}

}  // namespace
}  // namespace payswitch::http
