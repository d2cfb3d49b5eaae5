#include "api/router.h"

#include <gtest/gtest.h>

namespace payswitch::api {
namespace {

using http::Method;

struct Kept final : http::ResponseSink {
  unsigned status = 0;
  std::string allow;
  void answer(std::uint64_t, const http::Response& response) override {
    status = response.status;
    for (const http::Field& field : response.fields) {
      if (field.name == "Allow") allow = field.value;
    }
  }
};

struct RouterTest : testing::Test {
  Router router;
  std::string taken;

  RouterTest() {
    add(Method::get, "/");
    add(Method::post, "/payments");
    add(Method::get, "/payments/");
    add(Method::put, "/payments/");
  }
  void add(Method method, std::string path) {
    router.add(method, path, [this, path](const auto&, std::string_view rest, auto respond) {
      taken = path + "|" + std::string(rest);
      respond({.status = 200, .body = {}, .fields = {}});
    });
  }
  std::shared_ptr<Kept> ask(Method method, std::string_view path) {
    auto kept = std::make_shared<Kept>();
    router({.method = method, .path = path, .query = {}, .fields = {}, .body = {}},
           http::Responder(kept, 0));
    return kept;
  }
};

TEST_F(RouterTest, FindsExactPathsAndOneSegmentBelow) {
  EXPECT_EQ(ask(Method::post, "/payments")->status, 200u);
  EXPECT_EQ(taken, "/payments|");
  EXPECT_EQ(ask(Method::get, "/payments/abc")->status, 200u);
  EXPECT_EQ(taken, "/payments/|abc");
  EXPECT_EQ(ask(Method::get, "/")->status, 200u);
  EXPECT_EQ(taken, "/|");
}

TEST_F(RouterTest, AnUnknownPathIsNotFound) {
  for (std::string_view path :
       {"/payment", "/payments/", "/payments/a/b", "//", "", "/paymentsx"}) {
    EXPECT_EQ(ask(Method::get, path)->status, 404u) << path;
  }
}

TEST_F(RouterTest, AnotherMethodIsNotAllowedAndTheAnswerNamesThoseThatAre) {
  EXPECT_EQ(ask(Method::get, "/payments")->status, 405u);
  EXPECT_EQ(ask(Method::get, "/payments")->allow, "POST");
  EXPECT_EQ(ask(Method::del, "/payments/abc")->allow, "GET, HEAD, PUT");
  EXPECT_EQ(ask(Method::other, "/")->status, 405u);
}

TEST_F(RouterTest, AGetRouteAnswersHead) {
  EXPECT_EQ(ask(Method::head, "/payments/abc")->status, 200u);
  EXPECT_EQ(ask(Method::head, "/payments")->status, 405u);
}

}  // namespace
}  // namespace payswitch::api
