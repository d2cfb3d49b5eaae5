#include "http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace payswitch::http {
namespace {

TEST(Target, AHostIsANameOrAnAddressAndPerhapsAPort) {
  for (const char* host :
       {"a", "bank.example:80", "127.0.0.1:9999", "[::1]", "[::1]:80", "a_b-c", "a:", "%41"}) {
    EXPECT_TRUE(is_host(host)) << host;
  }
  for (const char* text : {"", ":", ":80", "a b", "a:b", "a:80:80", "a/b", "a@b", "[::1", "[::1]80",
                           "[", "]", "[]", "[a/b]", "<a>", "a\\b", "\xc3\xa9", "a?", "a#"}) {
    EXPECT_FALSE(is_host(text)) << text;
  }
}

TEST(Target, APathAndAnHttpUrlWithAHostAreTargets) {
  for (const char* target :
       {"/", "/payments?x=1", "//", "http://bank", "HTTP://bank:80/x", "http://[::1]?x"}) {
    EXPECT_TRUE(is_target(target)) << target;
  }
  for (const char* text : {"", "?", "?x=1", "payments", "bank:80", "https://bank/", "http://", "*",
                           "**", "http:///payments", "http://?x", "http://a b/", "http://me@bank/",
                           "#", "/payments#x", "http://bank#/payments"}) {
    EXPECT_FALSE(is_target(text)) << text;
  }
}

TEST(Target, IsSplitIntoPathAndQuery) {
  const auto split = [](std::string_view text) {
    const Target target = split_target(text);
    return std::string(target.path) + " " + std::string(target.query);
  };
  EXPECT_EQ(split("/payments"), "/payments ");
  EXPECT_EQ(split("/payments?a=b?c"), "/payments a=b?c");
  EXPECT_EQ(split("/?"), "/ ");
  EXPECT_EQ(split("*"), "* ");
  EXPECT_EQ(split("http://bank:80/payments?x"), "/payments x");
  EXPECT_EQ(split("HTTP://bank"), "/ ");
  EXPECT_EQ(split("http://bank?x"), "/ x");
}

}  // namespace
}  // namespace payswitch::http
