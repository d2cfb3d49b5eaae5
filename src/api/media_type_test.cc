#include "api/media_type.h"

#include <gtest/gtest.h>

namespace payswitch::api {
namespace {

TEST(MediaType, JsonInUtf8IsJsonHoweverItIsWritten) {
  for (const char* text :
       {"application/json", "Application/JSON", "application/json;", "application/json ; ",
        "application/json; charset=utf-8", "application/json;charset=UTF-8",
        "application/json; Charset=\"utf-8\"", "application/json; charset=utf8",
        "application/json; profile=\"a;charset=latin1\"; charset=utf-8",
        "application/json; x=\"\\\";charset=latin1\"", "application/json; charset"}) {
    EXPECT_EQ(read_media_type(text), MediaType::json) << text;
  }
}

TEST(MediaType, AnotherTypeIsNotJson) {
  for (const char* text : {"", "text/plain", "application/jsonx", "application/json+x", "json",
                           "text/json", "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(read_media_type(text), MediaType::other) << text;
  }
}

TEST(MediaType, AnotherCharsetIsSeenWhereverItStands) {
  for (const char* text :
       {"application/json; charset=iso-8859-1", "application/json;charset=utf-16",
        "application/json; charset=\"latin1\"", "application/json; charset=",
        "application/json; x=y; CHARSET=latin1", "application/json; charset=utf-8; charset=latin1",
        "application/json; x=\"a\"charset=latin1", "application/json charset=latin1",
        "application/json; charset=\"utf-8"}) {
    EXPECT_EQ(read_media_type(text), MediaType::other_charset) << text;
  }
}

}  // namespace
}  // namespace payswitch::api
