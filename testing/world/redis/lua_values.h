#pragma once

#include <string>

#include "redis/reply.h"

struct lua_State;

// What becomes of a value on its way from Redis to Lua and back.
namespace payswitch::lab {

// Pushes one value: nil is false, a status {ok=}, an error {err=}.
void push_reply(lua_State* lua, const redis::Reply& reply);

// The value on top of the stack: a number loses its fraction, true is 1, false is nil, a table ends
// before its first nil. It stays there.
redis::Reply read_reply(lua_State* lua);

// The argument of redis.call at that place, when it is a number, becomes the text that Redis makes
// of it.
void write_number_as_text(lua_State* lua, int index);

// Pushes {err=}. With a "-" in front the first word is the code; else it is ERR.
void push_error(lua_State* lua, std::string text);

}  // namespace payswitch::lab
