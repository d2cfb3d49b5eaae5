#include "http/input_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace payswitch::http {
namespace {

void put(InputBuffer& buffer, std::string_view text) {
  while (!text.empty()) {
    const auto room = buffer.prepare();
    const auto count = text.copy(room.data(), room.size());
    buffer.commit(count);
    text.remove_prefix(count);
  }
}

TEST(InputBuffer, BytesComeOutAsTheyWentIn) {
  InputBuffer buffer;
  put(buffer, "hello ");
  put(buffer, "world");
  EXPECT_EQ(buffer.readable(), "hello world");
}

TEST(InputBuffer, ThereIsAlwaysRoomAndNothingIsLostWhenItGrows) {
  InputBuffer buffer;
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    put(buffer, piece);
    all += piece;
  }
  EXPECT_EQ(buffer.readable(), all);
}

TEST(InputBuffer, WhatWasConsumedMakesRoomAgain) {
  InputBuffer buffer;
  const std::size_t room = buffer.prepare().size();
  for (int i = 0; i < 100; ++i) {
    put(buffer, std::string(1000, 'x') + "tail");
    buffer.consume(1000);
    EXPECT_EQ(buffer.readable().substr(buffer.size() - 4), "tail");
    buffer.consume(buffer.size());
  }
  EXPECT_EQ(buffer.prepare().size(), room);
}

TEST(InputBuffer, ConsumedBytesAreMovedOutOfTheWayBeforeItGrows) {
  InputBuffer buffer;
  const std::size_t room = buffer.prepare().size();
  put(buffer, std::string(room - 4, 'x') + "tail");
  buffer.consume(room - 4);
  EXPECT_EQ(buffer.prepare().size(), room - 4);
  EXPECT_EQ(buffer.readable(), "tail");
}

TEST(InputBuffer, ErasingInTheMiddleKeepsBothSides) {
  InputBuffer buffer;
  put(buffer, "xhead(middle)tail");
  buffer.consume(1);
  buffer.erase(4, 8);
  EXPECT_EQ(buffer.readable(), "headtail");
  buffer.erase(4, 0);
  EXPECT_EQ(buffer.readable(), "headtail");
}

}  // namespace
}  // namespace payswitch::http
