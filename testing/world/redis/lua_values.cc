#include "testing/world/redis/lua_values.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <lua.hpp>
#include <string_view>
#include <vector>

#include "testing/world/redis/command.h"
#include "testing/world/redis/numbers.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

// What a reply may nest; Redis itself gives up somewhere.
constexpr int max_depth = 100;

void push_text(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

// A table with one field.
void push_field(lua_State* lua, const char* name, std::string_view text) {
  lua_createtable(lua, 0, 1);
  push_text(lua, text);
  lua_setfield(lua, -2, name);
}

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(lua, index, &size);
  return {text, size};
}

// As a cast does on the machines that Redis runs on: what does not fit becomes the least.
std::int64_t whole(lua_Number number) {
  constexpr lua_Number beyond = 9223372036854775808.0;
  if (!(number >= -beyond && number < beyond)) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(number);
}

// A line of the protocol has no line breaks.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return line;
}

// The field of the table on top of the stack, when it is a text.
std::optional<std::string> field(lua_State* lua, const char* name) {
  lua_pushstring(lua, name);
  lua_rawget(lua, -2);
  std::optional<std::string> text;
  if (lua_type(lua, -1) == LUA_TSTRING) text = text_at(lua, -1);
  lua_pop(lua, 1);
  return text;
}

Reply read_table(lua_State* lua) {
  if (const auto error = field(lua, "err")) return error_reply(one_line(*error));
  if (const auto status = field(lua, "ok")) return status_reply(one_line(*status));
  std::vector<Reply> elements;
  for (int i = 1;; ++i) {
    lua_rawgeti(lua, -1, i);
    const bool is_end = lua_isnil(lua, -1);
    if (!is_end) elements.push_back(read_reply(lua));
    lua_pop(lua, 1);
    if (is_end) return array_reply(std::move(elements));
  }
}

}  // namespace

void push_reply(lua_State* lua, const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::nil:
      return lua_pushboolean(lua, 0);
    case Reply::Kind::integer:
      return lua_pushnumber(lua, static_cast<lua_Number>(reply.integer));
    case Reply::Kind::text:
      return push_text(lua, reply.text);
    case Reply::Kind::status:
      return push_field(lua, "ok", reply.text);
    case Reply::Kind::error:
      return push_error(lua, "-" + reply.text);
    case Reply::Kind::array:
      break;
  }
  luaL_checkstack(lua, 3, "a reply is nested too deeply");
  lua_createtable(lua, static_cast<int>(reply.elements.size()), 0);
  for (std::size_t i = 0; i < reply.elements.size(); ++i) {
    push_reply(lua, reply.elements[i]);
    lua_rawseti(lua, -2, static_cast<int>(i) + 1);
  }
}

Reply read_reply(lua_State* lua) {
  assert(lua_gettop(lua) < max_depth);
  lua_checkstack(lua, 3);
  switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
      return text_reply(text_at(lua, -1));
    case LUA_TBOOLEAN:
      return lua_toboolean(lua, -1) != 0 ? integer_reply(1) : nil_reply();
    case LUA_TNUMBER:
      return integer_reply(whole(lua_tonumber(lua, -1)));
    case LUA_TTABLE:
      return read_table(lua);
    default:
      return nil_reply();
  }
}

void write_number_as_text(lua_State* lua, int index) {
  if (lua_type(lua, index) != LUA_TNUMBER) return;
  push_text(lua, format_redis_double(lua_tonumber(lua, index)));
  lua_replace(lua, index);
}

void push_error(lua_State* lua, std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (!text.starts_with('-')) {
    text = "ERR " + text;
  } else {
    text.erase(0, 1);
    if (!text.contains(' ')) text = "ERR " + text;
  }
  push_field(lua, "err", text);
}

}  // namespace payswitch::lab
