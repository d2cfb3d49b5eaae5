#include "http/message.h"

#include <gtest/gtest.h>

#include <array>

namespace payswitch::http {
namespace {

TEST(Message, AFieldIsFoundInAnyCase) {
  const std::array fields{Field{"Content-Type", "text/plain"}, Field{"content-type", "second"}};
  const Request request{.fields = fields};
  ASSERT_NE(request.field("CONTENT-TYPE"), nullptr);
  EXPECT_EQ(*request.field("CONTENT-TYPE"), "text/plain");
}

TEST(Message, AFieldThatOnlyStartsAlikeIsNotFound) {
  const std::array fields{Field{"Content-Type", "text/plain"}};
  const Request request{.fields = fields};
  EXPECT_EQ(request.field("Content-Typ"), nullptr);
  EXPECT_EQ(request.field("Content-Types"), nullptr);
}

TEST(Message, EveryStatusOfTheContractHasAReasonPhrase) {
  for (const unsigned status :
       {200u, 202u, 400u, 404u, 405u, 408u, 413u, 415u, 417u, 422u, 431u, 500u, 501u, 503u, 505u}) {
    EXPECT_FALSE(reason_phrase(status).empty()) << status;
  }
}

TEST(Message, MethodsAreSpelledAsOnTheWire) {
  EXPECT_EQ(to_string(Method::get), "GET");
  EXPECT_EQ(to_string(Method::head), "HEAD");
  EXPECT_EQ(to_string(Method::post), "POST");
  EXPECT_EQ(to_string(Method::put), "PUT");
  EXPECT_EQ(to_string(Method::del), "DELETE");
}

}  // namespace
}  // namespace payswitch::http
