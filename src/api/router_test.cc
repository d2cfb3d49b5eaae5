#include "api/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::api {
namespace {

using http::Method;
using testing::HasSubstr;

struct Kept final : http::ResponseSink {
  unsigned status = 0;
  std::string allow;
  std::string body;
  void respond(std::uint64_t, const http::Response& response) override {
    status = response.status;
    body = response.body;
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
    add(Method::get, "/sums", {"from", "to"});
  }
  void add(Method method, std::string path, std::vector<std::string_view> parameters = {}) {
    router.add(method, path, std::move(parameters),
               [this, path](const auto&, std::string_view rest, auto respond) {
                 taken = path + "|" + std::string(rest);
                 respond({.status = 200, .body = {}, .fields = {}});
               });
  }
  std::shared_ptr<Kept> ask(Method method, std::string_view path, std::string_view query = {}) {
    auto kept = std::make_shared<Kept>();
    router({.method = method, .path = path, .query = query, .fields = {}, .body = {}},
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

TEST_F(RouterTest, AParameterThatTheRouteDoesNotKnowIsRefusedAndNeverReachesIt) {
  EXPECT_EQ(ask(Method::get, "/sums", "from=a&to=b")->status, 200u);
  taken.clear();
  const auto refused = ask(Method::get, "/sums", "form=a&to=b");
  EXPECT_EQ(refused->status, 400u);
  EXPECT_THAT(refused->body, HasSubstr(R"("detail":"unknown parameter; did you mean 'from'?")"));
  EXPECT_THAT(refused->body, HasSubstr(R"("field":"form")"));
  EXPECT_EQ(ask(Method::head, "/sums", "x=1")->status, 400u);
  EXPECT_EQ(ask(Method::post, "/payments", "amount=1")->status, 400u);
  EXPECT_EQ(ask(Method::get, "/payments/abc", "from=a")->status, 400u) << "another route's";
  EXPECT_EQ(taken, "");
}

TEST_F(RouterTest, APathAndAMethodThatThereAreNotComeBeforeTheParameters) {
  EXPECT_EQ(ask(Method::get, "/nothing", "x=1")->status, 404u);
  EXPECT_EQ(ask(Method::put, "/sums", "x=1")->status, 405u);
}

TEST_F(RouterTest, AGetRouteAnswersHead) {
  EXPECT_EQ(ask(Method::head, "/payments/abc")->status, 200u);
  EXPECT_EQ(ask(Method::head, "/payments")->status, 405u);
}

}  // namespace
}  // namespace payswitch::api
