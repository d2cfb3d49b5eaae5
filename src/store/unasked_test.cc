#include "store/unasked.h"

#include <gtest/gtest.h>

namespace payswitch::store {
namespace {

const UnaskedAt old{.name = "old", .origin = "http://a:1", .open = {.count = 2, .cents = 3980}};

TEST(Unasked, NamesTheProcessorWhereItWasHowManyAndHowMuch) {
  EXPECT_EQ(to_text(old),
            "old (http://a:1): 2 open payments of 39.80 may be charged there, and it is not "
            "configured: no request asks it");
  EXPECT_EQ(to_json(old),
            R"({"processor":"old","origin":"http://a:1","open":{"payments":2,"amount":39.80}})");
  EXPECT_EQ(to_json({.name = "old", .origin = "", .open = {}}),
            R"({"processor":"old","origin":null,"open":{"payments":0,"amount":0.00}})");
}

}  // namespace
}  // namespace payswitch::store
