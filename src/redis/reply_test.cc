#include "redis/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Reply::Kind;

Reply integer(std::int64_t number) {
  return {.kind = Kind::integer, .integer = number, .text = {}, .elements = {}};
}
Reply worded(Kind kind, std::string text) {
  return {.kind = kind, .integer = 0, .text = std::move(text), .elements = {}};
}
Reply array(std::vector<Reply> elements) {
  return {.kind = Kind::array, .integer = 0, .text = {}, .elements = std::move(elements)};
}

// All that can be read of it; the last one is an error with what is wrong, where something is.
std::vector<Reply> read_all(ReplyReader& reader) {
  std::vector<Reply> replies;
  for (;;) {
    auto reply = reader.next();
    if (!reply) {
      replies.push_back(worded(Kind::error, "wrong: " + reply.error()));
      return replies;
    }
    if (!*reply) return replies;
    replies.push_back(std::move(**reply));
  }
}
std::vector<Reply> read_all(std::string_view bytes, std::size_t max_reply_bytes = 1000) {
  ReplyReader reader(max_reply_bytes);
  reader.feed(bytes);
  return read_all(reader);
}

TEST(RedisReply, EveryKindIsRead) {
  EXPECT_THAT(read_all("+OK\r\n"), ElementsAre(worded(Kind::status, "OK")));
  EXPECT_THAT(read_all("-ERR no\r\n"), ElementsAre(worded(Kind::error, "ERR no")));
  EXPECT_THAT(read_all(":-42\r\n"), ElementsAre(integer(-42)));
  EXPECT_THAT(read_all("$-1\r\n"), ElementsAre(Reply{}));
  EXPECT_THAT(read_all("*-1\r\n"), ElementsAre(Reply{}));
  EXPECT_THAT(read_all("*0\r\n"), ElementsAre(array({})));
  EXPECT_THAT(read_all("*2\r\n:1\r\n*1\r\n$2\r\nab\r\n"),
              ElementsAre(array({integer(1), array({worded(Kind::text, "ab")})})));
}

TEST(RedisReply, ATextMayHoldAnyByte) {
  const std::string any("a\0\r\nb", 5);
  EXPECT_THAT(read_all("$5\r\n" + any + "\r\n"), ElementsAre(worded(Kind::text, any)));
}

TEST(RedisReply, WhereverTheBytesArePartedTheRepliesAreTheSame) {
  const std::string bytes = "+OK\r\n*2\r\n$3\r\nabc\r\n:7\r\n-ERR\r\n$0\r\n\r\n";
  const auto whole = read_all(bytes);
  ASSERT_EQ(whole.size(), 4u);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyReader reader(1000);
    reader.feed(std::string_view(bytes).substr(0, cut));
    auto parts = read_all(reader);
    reader.feed(std::string_view(bytes).substr(cut));
    for (auto& reply : read_all(reader)) parts.push_back(std::move(reply));
    EXPECT_EQ(parts, whole) << cut;
  }
  ReplyReader drop_by_drop(1000);
  std::vector<Reply> parts;
  for (const char byte : bytes) {
    drop_by_drop.feed({&byte, 1});
    for (auto& reply : read_all(drop_by_drop)) parts.push_back(std::move(reply));
  }
  EXPECT_EQ(parts, whole);
}

TEST(RedisReply, WhatIsNoReplyIsAnError) {
  const auto replies = read_all("+OK\r\nHTTP/1.1 400 Bad Request\r\n");
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[0].text, "OK");
  EXPECT_THAT(replies[1].text, HasSubstr("wrong: not a reply"));
}

TEST(RedisReply, TheLimitIsOfOneReply) {
  const std::string ten = "$4\r\nabcd\r\n";
  const Reply text = worded(Kind::text, "abcd");
  EXPECT_THAT(read_all(ten, 10), ElementsAre(text));
  EXPECT_THAT(read_all(ten + ten + ten, 10), ElementsAre(text, text, text));
  const Reply too_long = worded(Kind::error, "wrong: a reply of more than 9 bytes");
  EXPECT_THAT(read_all(ten, 9), ElementsAre(too_long));
  EXPECT_THAT(read_all("+OK\r\n" + ten, 9), ElementsAre(worded(Kind::status, "OK"), too_long));
}

TEST(RedisReply, AReplyBeyondTheLimitIsNotAwaited) {
  const std::string unfinished = "$1000000\r\n";
  EXPECT_THAT(read_all(unfinished, 10), ElementsAre());
  EXPECT_THAT(read_all(unfinished + "a", 10),
              ElementsAre(worded(Kind::error, "wrong: a reply of more than 10 bytes")));
}

}  // namespace
}  // namespace payswitch::redis
