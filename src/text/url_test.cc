#include "text/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::config {
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

TEST(ProcessorUrl, IsHttpWithAnOptionalPortAndPath) {
  const auto plain = parse_processor_url("http://payment-processor_1").value();
  EXPECT_EQ(plain.host, "payment-processor_1");
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.base_path, "");
  const auto full = parse_processor_url("http://[::1]:8001/a/b/").value();
  EXPECT_EQ(full.host, "::1");
  EXPECT_EQ(full.port, 8001);
  EXPECT_EQ(full.base_path, "/a/b");
  EXPECT_EQ(parse_processor_url("HTTP://host/").value().base_path, "");
}

TEST(ProcessorUrl, NothingElseIsOne) {
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
    EXPECT_FALSE(parse_processor_url(text)) << text;
  }
}

TEST(ProcessorUrl, SaysWhyHttpsIsRefused) {
  EXPECT_THAT(parse_processor_url("https://host").error(),
              EndsWith("https is not supported; put a TLS proxy in front of the processor"));
}

}  // namespace
}  // namespace payswitch::config
