#include "http/render.h"

#include <gtest/gtest.h>

#include <array>

namespace payswitch::http {
namespace {

std::string rendered(const Response& response, ResponseShape shape = {}) {
  std::string out;
  append_response(out, response, shape, "Sun, 06 Nov 1994 08:49:37 GMT");
  return out;
}

std::string rendered(const OutgoingRequest& request) {
  std::string out;
  append_request(out, request, "bank:8001");
  return out;
}

TEST(Render, AResponseIsStatusTypeLengthFieldsAndBody) {
  const std::array fields{Field{"Idempotent-Replayed", "true"}};
  EXPECT_EQ(rendered({.status = 202, .body = "{}", .fields = fields}),
            "HTTP/1.1 202 Accepted\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n"
            "Idempotent-Replayed: true\r\n\r\n{}");
}

TEST(Render, TheLastResponseOfAConnectionSaysClose) {
  EXPECT_EQ(rendered({.content_type = "", .body = ""}, {.close = true, .say_keep_alive = true}),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(Render, AnOldClientIsToldThatTheConnectionStays) {
  EXPECT_EQ(rendered({.content_type = "", .body = ""}, {.say_keep_alive = true}),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Render, TheResponseToHeadHasTheLengthButNotTheBody) {
  EXPECT_EQ(rendered({.content_type = "text/plain", .body = "hello"}, {.without_body = true}),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
}

TEST(Render, A204HasNeitherLengthNorBody) {
  EXPECT_EQ(rendered({.status = 204, .body = "ignored"}),
            "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(Render, APostHasHostTypeLengthAndBody) {
  EXPECT_EQ(rendered({.method = Method::post,
                      .target = "/payments",
                      .content_type = "application/json",
                      .body = "{}"}),
            "POST /payments HTTP/1.1\r\nHost: bank:8001\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\n\r\n{}");
}

TEST(Render, AGetHasNoLength) {
  EXPECT_EQ(rendered({.method = Method::get, .target = "/a?b=c"}),
            "GET /a?b=c HTTP/1.1\r\nHost: bank:8001\r\n\r\n");
}

TEST(Render, AnEmptyPostSaysSo) {
  EXPECT_EQ(rendered({.method = Method::post, .target = "/purge"}),
            "POST /purge HTTP/1.1\r\nHost: bank:8001\r\nContent-Length: 0\r\n\r\n");
}

TEST(Render, ARequestCarriesFurtherFields) {
  const std::array fields{Field{"X-Rinha-Token", "123"}};
  EXPECT_EQ(rendered({.target = "/admin", .fields = fields}),
            "GET /admin HTTP/1.1\r\nHost: bank:8001\r\nX-Rinha-Token: 123\r\n\r\n");
}

TEST(RenderDeathTest, ALineBreakInAFieldIsABug) {
  const std::array fields{Field{"X", "a\r\nSet-Cookie: b"}};
  EXPECT_DEATH(rendered(Response{.body = "", .fields = fields}), "is_one_line");
  EXPECT_DEATH(rendered(OutgoingRequest{.target = "/", .fields = fields}), "is_one_line");
}

}  // namespace
}  // namespace payswitch::http
