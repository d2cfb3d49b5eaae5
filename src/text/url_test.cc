#include "text/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::text {
namespace {

using testing::EndsWith;

TEST(Address, IsAHostAndAPort) {
  const auto v4 = parse_address("127.0.0.1:9999").value();
  EXPECT_EQ(v4.host, "127.0.0.1");
  EXPECT_EQ(v4.port, 9999);
  const auto v6 = parse_address("[::1]:0").value();
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.port, 0);
  EXPECT_EQ(parse_address("localhost:65535").value().port, 65535);
}

TEST(Address, IsShownAsItIsWritten) {
  for (const char* text : {"127.0.0.1:9999", "[::1]:80", "localhost:1"}) {
    EXPECT_EQ(format_address(parse_address(text).value()), text);
  }
}

TEST(Address, NothingElseIsOne) {
  for (const char* text :
       {"", ":9999", "9999", "localhost", "localhost:", "localhost:65536", "localhost:-1",
        "localhost:http", "::1:80", "a b:80", "user@host:80", "http://host:80", "host:80/path"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
  EXPECT_EQ(parse_address("9999").error(),
            "'9999' is not an address like 127.0.0.1:9999 or [::1]:9999");
}

TEST(Url, HasItsParts) {
  const auto url = parse_url("REDISS://ann:se%40cret%2F@[::1]:7001/a%2Fb?c=d").value();
  EXPECT_EQ(url.scheme, "rediss");
  EXPECT_EQ(url.user, "ann");
  EXPECT_EQ(url.password, "se@cret/");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, "7001");
  EXPECT_EQ(url.path, "/a%2Fb");
  EXPECT_TRUE(url.has_query_or_fragment);
}

TEST(Url, WhatIsAbsentIsNotTheSameAsEmpty) {
  const auto bare = parse_url("redis://cache").value();
  EXPECT_EQ(bare.user, std::nullopt);
  EXPECT_EQ(bare.password, std::nullopt);
  EXPECT_EQ(bare.port, std::nullopt);
  EXPECT_EQ(bare.path, "");
  EXPECT_FALSE(bare.has_query_or_fragment);
  const auto empty = parse_url("redis://:@cache:").value();
  EXPECT_EQ(empty.user, "");
  EXPECT_EQ(empty.password, "");
  EXPECT_EQ(empty.port, "");
}

TEST(Url, MayHaveNoHost) {
  EXPECT_EQ(parse_url("cache:6379").value().host, "");
  EXPECT_EQ(parse_url("redis:///0").value().host, "");
}

TEST(Url, NothingElseIsOne) {
  for (const char* text : {"", "cache", "//cache", "/path", "redis://a b", "redis://cache:x",
                           "redis://cache:80x/y", "redis://cache/%zz", "redis://[::1", "1a://b"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(Port, IsOneTo65535) {
  EXPECT_EQ(parse_port("1"), 1);
  EXPECT_EQ(parse_port("65535"), 65535);
  for (const char* text : {"", "0", "65536", "-1", "+1", " 1", "1 ", "http"}) {
    EXPECT_FALSE(parse_port(text)) << text;
  }
}

TEST(HttpUrl, IsHttpWithAnOptionalPortAndPath) {
  const auto plain = parse_http_url("http://payment-processor_1").value();
  EXPECT_EQ(plain.host, "payment-processor_1");
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.base_path, "");
  const auto full = parse_http_url("http://[::1]:8001/a/b/").value();
  EXPECT_EQ(full.host, "::1");
  EXPECT_EQ(full.port, 8001);
  EXPECT_EQ(full.base_path, "/a/b");
  EXPECT_EQ(parse_http_url("HTTP://host/").value().base_path, "");
}

TEST(HttpUrl, NothingElseIsOne) {
  for (const char* text : {"",
                           "host",
                           "host:80",
                           "//host",
                           "/path",
                           "http:",
                           "http:/host",
                           "http://",
                           "http://:80",
                           "http://host:0",
                           "http://host:65536",
                           "http://host:x",
                           "http://host:80x/y",
                           "http:///path",
                           "http://a b",
                           "http://user@host",
                           "http://host?a=b",
                           "http://host#a",
                           "ftp://host",
                           "https://host"}) {
    EXPECT_FALSE(parse_http_url(text)) << text;
  }
}

TEST(Origin, IsTheSameForEveryWayToWriteIt) {
  const auto origin = [](std::string_view text) {
    return format_origin(parse_http_url(text).value());
  };
  EXPECT_EQ(origin("http://Host"), "http://host:80");
  EXPECT_EQ(origin("HTTP://host:/"), "http://host:80");
  EXPECT_EQ(origin("http://host:80//"), "http://host:80");
  EXPECT_EQ(origin("http://[::1]:8001/A/"), "http://[::1]:8001/A") << "a path is as it is written";
}

TEST(HttpUrl, SaysWhyHttpsIsRefused) {
  EXPECT_THAT(parse_http_url("https://host").error(),
              EndsWith("https is not supported; put a TLS proxy in front of the processor"));
}

}  // namespace
}  // namespace payswitch::text
