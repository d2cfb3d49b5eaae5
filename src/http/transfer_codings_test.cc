#include "http/transfer_codings.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace payswitch::http {
namespace {

TransferCodings of(std::initializer_list<std::string_view> fields) {
  TransferCodings codings;
  for (const std::string_view field : fields) codings.add(field);
  return codings;
}

TEST(TransferCodings, ChunkedAloneInAnyCaseIsKnown) {
  EXPECT_EQ(of({"chunked"}).judge(), Rejection::none);
  EXPECT_EQ(of({"ChunKed"}).judge(), Rejection::none);
  EXPECT_EQ(of({}).judge(), Rejection::none);
  EXPECT_FALSE(of({}).any());
}

TEST(TransferCodings, WhatDoesNotEndInChunkedIsMalformed) {
  for (const char* value : {"gzip", "chunked, gzip", "identity", "chunked;q=1", "xchunked",
                            "\"chunked\"", "chunked x"}) {
    EXPECT_EQ(of({value}).judge(), Rejection::malformed) << value;
    EXPECT_STREQ(of({value}).complaint(), "the last transfer coding is not chunked") << value;
  }
}

TEST(TransferCodings, ACodingThatIsNotKnownBeforeChunkedIsUnknown) {
  for (const char* value :
       {"gzip, chunked", "gzip ,\tCHUNKED", "identity, chunked", "gzip;x=1, deflate, chunked"}) {
    EXPECT_EQ(of({value}).judge(), Rejection::unknown_transfer_coding) << value;
  }
}

TEST(TransferCodings, SeveralFieldsAreOneList) {
  EXPECT_EQ(of({"gzip", "chunked"}).judge(), Rejection::unknown_transfer_coding);
  EXPECT_EQ(of({"chunked", "gzip"}).judge(), Rejection::malformed);
  EXPECT_EQ(of({"chunked", "chunked"}).judge(), Rejection::malformed);
  EXPECT_STREQ(of({"chunked", "chunked"}).complaint(), "chunked more than once");
}

TEST(TransferCodings, AnEmptyCodingIsMalformed) {
  for (const char* value : {"", " ", ",chunked", "chunked,", "gzip,,chunked"}) {
    EXPECT_EQ(of({value}).judge(), Rejection::malformed) << value;
    EXPECT_STREQ(of({value}).complaint(), "an empty transfer coding") << value;
  }
}

}  // namespace
}  // namespace payswitch::http
