#include "testing/world/redis/scripts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <lua.hpp>
#include <vector>

#include "redis/script.h"
#include "testing/world/redis/command.h"
#include "testing/world/redis/lua_values.h"

namespace payswitch::lab {

using redis::Reply;

namespace {

constexpr const char* chunk_name = "@user_script";

// -- what a script can call ---------------------------------------------------------------
// Lua's errors jump over C++ frames: where one is raised, nothing may be left to destroy. So each
// of these functions has an inner one that leaves an error on the stack and says so.

void push_text(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

// Pushes the reply, or {err=}; true when it is one.
bool call_redis(lua_State* lua) {
  auto& calls = *static_cast<RedisScriptCalls*>(lua_touserdata(lua, lua_upvalueindex(1)));
  const int count = lua_gettop(lua);
  if (count == 0) {
    push_error(lua, "Please specify at least one argument for this redis lib call");
    return true;
  }
  std::array<std::string_view, 16> few;
  std::vector<std::string_view> many;
  std::span<std::string_view> words =
      std::span(few).first(std::min(few.size(), static_cast<std::size_t>(count)));
  if (static_cast<std::size_t>(count) > few.size()) {
    many.resize(static_cast<std::size_t>(count));
    words = many;
  }
  for (int i = 1; i <= count; ++i) {
    write_number_as_text(lua, i);
    if (lua_type(lua, i) != LUA_TSTRING) {
      push_error(lua, "Lua redis lib command arguments must be strings or integers");
      return true;
    }
    std::size_t size = 0;
    const char* text = lua_tolstring(lua, i, &size);
    words[static_cast<std::size_t>(i) - 1] = {text, size};
  }
  const Reply reply = calls.call(words);
  push_reply(lua, reply);
  return reply.is_error();
}

int redis_call(lua_State* lua) {
  return call_redis(lua) ? lua_error(lua) : 1;
}

int redis_pcall(lua_State* lua) {
  call_redis(lua);
  return 1;
}

int error_reply_of(lua_State* lua) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
    push_error(lua, "wrong number or type of arguments");
    return 1;
  }
  std::string text = lua_tostring(lua, 1);
  push_error(lua, text.starts_with('-') ? std::move(text) : "-" + text);
  return 1;
}

int status_reply_of(lua_State* lua) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
    push_error(lua, "wrong number or type of arguments");
    return 1;
  }
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, 1);
  lua_setfield(lua, -2, "ok");
  return 1;
}

void push_hash(lua_State* lua) {
  std::size_t size = 0;
  const char* text = lua_tolstring(lua, 1, &size);
  push_text(lua, redis::Script({text, size}).hash());
}

int sha1hex(lua_State* lua) {
  if (lua_gettop(lua) != 1) return luaL_error(lua, "wrong number of arguments");
  luaL_checkstring(lua, 1);
  push_hash(lua);
  return 1;
}

// An error that is a table becomes its text, as scripts from before Redis 7 expect.
int protected_call(lua_State* lua) {
  luaL_checkany(lua, 1);
  const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
  if (status != 0 && lua_istable(lua, -1)) {
    lua_getfield(lua, -1, "err");
    lua_replace(lua, lua_isstring(lua, -1) ? -2 : lua_gettop(lua));
  }
  lua_pushboolean(lua, status == 0);
  lua_insert(lua, 1);
  return lua_gettop(lua);
}

int random_number(lua_State* lua) {
  auto* state = static_cast<unsigned short*>(lua_touserdata(lua, lua_upvalueindex(1)));
  constexpr long most = std::numeric_limits<std::int32_t>::max();
  const auto drawn = static_cast<lua_Number>(nrand48(state) % most) / static_cast<lua_Number>(most);
  if (lua_gettop(lua) == 0) {
    lua_pushnumber(lua, drawn);
    return 1;
  }
  const int low = lua_gettop(lua) == 1 ? 1 : luaL_checkint(lua, 1);
  const int high = luaL_checkint(lua, lua_gettop(lua) == 1 ? 1 : 2);
  luaL_argcheck(lua, low <= high, 1, "interval is empty");
  lua_pushnumber(lua, std::floor(drawn * (high - low + 1)) + low);
  return 1;
}

int no_such_global(lua_State* lua) {
  return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                    luaL_checkstring(lua, 2));
}

int is_read_only(lua_State* lua) {
  return luaL_error(lua, "Attempt to modify a readonly table");
}

// -- how a script ends ----------------------------------------------------------------------

// Every error becomes a table that says where it came from.
int describe_error(lua_State* lua) {
  if (!lua_istable(lua, 1)) {
    const char* text = lua_isnil(lua, 1) ? "nil" : lua_tostring(lua, 1);
    lua_createtable(lua, 0, 2);
    lua_pushfstring(lua, "ERR %s", text == nullptr ? luaL_typename(lua, 1) : text);
    lua_setfield(lua, -2, "err");
  }
  lua_Debug place;
  bool is_found = lua_getstack(lua, 1, &place) != 0 && lua_getinfo(lua, "Sl", &place) != 0;
  if (is_found && std::string_view(place.what) == "C") {
    is_found = lua_getstack(lua, 2, &place) != 0 && lua_getinfo(lua, "Sl", &place) != 0;
  }
  if (is_found) {
    lua_pushfstring(lua, "%s:%d", place.source, place.currentline);
    lua_setfield(lua, -2, "place");
  }
  return 1;
}

// Of the table on top of the stack.
std::string text_field(lua_State* lua, const char* name) {
  lua_getfield(lua, -1, name);
  const std::string text = lua_isstring(lua, -1) != 0 ? lua_tostring(lua, -1) : "";
  lua_pop(lua, 1);
  return text;
}

Reply raised_error(lua_State* lua, std::string_view hash) {
  std::string text = text_field(lua, "err");
  const std::string place = text_field(lua, "place");
  // A table without "err" brings a real Redis 7.0 down.
  if (text.empty()) beyond_the_virtual_redis("error() with a table that has no err: " + place);
  if (!place.empty()) text += fmt::format(" script: {}, on {}.", hash, place);
  return error_reply(text);
}

void never_ends(lua_State*, lua_Debug*) {
  beyond_the_virtual_redis("a script that does not end");
}

// -- the first line -------------------------------------------------------------------------

struct Shebang {
  unsigned flags = RedisScripts::none;
  std::size_t size = 0;  // without the line's end
};

std::expected<unsigned, std::string> parse_flags(std::string_view list) {
  unsigned flags = RedisScripts::none;
  while (!list.empty()) {
    const std::string_view flag = list.substr(0, list.find(','));
    list.remove_prefix(std::min(flag.size() + 1, list.size()));
    // What concerns a replica or a Cluster changes nothing here.
    const bool is_elsewhere =
        flag == "allow-stale" || flag == "no-cluster" || flag == "allow-cross-slot-keys";
    if (flag == "allow-oom") {
      flags |= RedisScripts::allow_oom;
    } else if (flag == "no-writes") {
      flags |= RedisScripts::no_writes;
    } else if (!is_elsewhere) {
      return std::unexpected(fmt::format("ERR Unexpected flag in script shebang: {}", flag));
    }
  }
  return flags;
}

std::expected<Shebang, std::string> parse_shebang(std::string_view source) {
  Shebang shebang;
  if (!source.starts_with("#!")) return shebang;
  shebang.size = source.find('\n');
  if (shebang.size == source.npos) return std::unexpected("ERR Invalid script shebang");
  std::string_view line = source.substr(0, shebang.size);
  const auto next_word = [&line] {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    return word;
  };
  if (const auto engine = next_word(); engine != "#!lua") {
    return std::unexpected(fmt::format("ERR Unexpected engine in script shebang: {}", engine));
  }
  shebang.flags = RedisScripts::has_shebang;
  while (!line.empty()) {
    const std::string_view word = next_word();
    if (!word.starts_with("flags=")) {
      return std::unexpected(fmt::format("ERR Unknown lua shebang option: {}", word));
    }
    const auto flags = parse_flags(word.substr(word.find('=') + 1));
    if (!flags) return std::unexpected(flags.error());
    shebang.flags |= *flags;
  }
  return shebang;
}

// -- the globals ----------------------------------------------------------------------------

struct Function {
  const char* name;
  lua_CFunction function;
};

void push_texts(lua_State* lua, std::span<const std::string_view> texts) {
  lua_createtable(lua, static_cast<int>(texts.size()), 0);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    push_text(lua, texts[i]);
    lua_rawseti(lua, -2, static_cast<int>(i) + 1);
  }
}

}  // namespace

void RedisScripts::Close::operator()(lua_State* lua) const {
  lua_close(lua);
}

RedisScripts::RedisScripts(RedisScriptCalls& calls) : lua_(luaL_newstate()) {
  lua_State* lua = lua_.get();
  assert(lua != nullptr);
  luaL_openlibs(lua);
  lua_createtable(lua, 0, 8);
  constexpr std::array functions = {Function{"call", redis_call}, Function{"pcall", redis_pcall},
                                    Function{"error_reply", error_reply_of},
                                    Function{"status_reply", status_reply_of},
                                    Function{"sha1hex", sha1hex}};
  for (const auto& [name, function] : functions) {
    lua_pushlightuserdata(lua, &calls);
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, -2, name);
  }
  lua_setglobal(lua, "redis");
  make_globals();
}

RedisScripts::~RedisScripts() = default;

// Scripts see an empty table that cannot be written, and behind it those globals that Redis leaves.
void RedisScripts::make_globals() {
  lua_State* lua = lua_.get();
  for (const char* gone : {"print", "dofile", "loadfile", "newproxy", "getfenv", "setfenv",
                           "module", "require", "package", "io", "os", "debug"}) {
    lua_pushnil(lua);
    lua_setglobal(lua, gone);
  }
  lua_register(lua, "pcall", protected_call);
  lua_getglobal(lua, "math");
  // A real Redis goes on drawing from script to script as well.
  constexpr std::array<unsigned short, 3> start = {0x330e, 0, 0};
  std::memcpy(lua_newuserdata(lua, sizeof start), start.data(), sizeof start);
  lua_pushcclosure(lua, random_number, 1);
  lua_setfield(lua, -2, "random");
  lua_pushnil(lua);
  lua_setfield(lua, -2, "randomseed");
  lua_pop(lua, 1);

  lua_newtable(lua);  // of the globals: there is no other
  lua_pushcfunction(lua, no_such_global);
  lua_setfield(lua, -2, "__index");
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  lua_pushvalue(lua, -2);
  lua_setmetatable(lua, -2);
  lua_pop(lua, 2);

  lua_newtable(lua);  // what the scripts see
  lua_newtable(lua);
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, is_read_only);
  lua_setfield(lua, -2, "__newindex");
  lua_setmetatable(lua, -2);
  lua_pushvalue(lua, -1);
  lua_setglobal(lua, "_G");
  seen_ = luaL_ref(lua, LUA_REGISTRYINDEX);
}

std::expected<std::string, Reply> RedisScripts::load(std::string_view source) {
  std::string hash = redis::Script(source).hash();
  if (const auto known = scripts_.find(hash); known != scripts_.end()) {
    known->second.is_loaded = true;
    return hash;
  }
  const auto shebang = parse_shebang(source);
  if (!shebang) return std::unexpected(error_reply(shebang.error()));
  lua_State* lua = lua_.get();
  const std::string_view body = source.substr(shebang->size);
  if (luaL_loadbuffer(lua, body.data(), body.size(), chunk_name) != 0) {
    const std::string why = lua_tostring(lua, -1);
    lua_pop(lua, 1);
    return std::unexpected(
        error_reply(fmt::format("ERR Error compiling script (new function): {}", why)));
  }
  lua_rawgeti(lua, LUA_REGISTRYINDEX, seen_);
  lua_setfenv(lua, -2);
  const int function = luaL_ref(lua, LUA_REGISTRYINDEX);
  scripts_[hash] = {.function = function, .flags = shebang->flags, .is_loaded = true};
  return hash;
}

bool RedisScripts::knows(std::string_view hash) const {
  const auto found = scripts_.find(hash);
  return found != scripts_.end() && found->second.is_loaded;
}

void RedisScripts::forget_all() {
  for (auto& [hash, script] : scripts_) script.is_loaded = false;
}

RedisScripts::Outcome RedisScripts::run(std::string_view hash,
                                        std::span<const std::string_view> keys,
                                        std::span<const std::string_view> arguments) {
  lua_State* lua = lua_.get();
  assert(lua_gettop(lua) == 0);
  lua_pushcfunction(lua, describe_error);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, scripts_.find(hash)->second.function);
  push_texts(lua, keys);
  lua_setglobal(lua, "KEYS");
  push_texts(lua, arguments);
  lua_setglobal(lua, "ARGV");
  lua_sethook(lua, never_ends, LUA_MASKCOUNT, max_instructions);
  const bool is_raised = lua_pcall(lua, 0, 1, 1) != 0;
  Outcome outcome{is_raised ? raised_error(lua, hash) : read_reply(lua), is_raised};
  lua_settop(lua, 0);
  return outcome;
}

}  // namespace payswitch::lab
