/* modules/hash/lua_hash.c - hashes for Lua, on plain strings.
**   hash.sha256(s)             -- 64 hex digits
**   hash.xxh3(s)               -- 32 hex digits: XXH3-128, what a row's identity is
**   hash.xxh3_64(s)            -- an integer
** and, on the trusted side alone (require "hash_file"):
**   hash_file.sha256(path)     -- hex digits, bytes | nil, message */
#include <lauxlib.h>
#include <lua.h>

#include "hash/hash.h"

int luaopen_hash(lua_State *L);
int luaopen_hash_file(lua_State *L);

static Span check_text(lua_State *L, int arg) {
  size_t len;
  const char *s = luaL_checklstring(L, arg, &len);
  return span_of(s, len);
}

static int f_sha256(lua_State *L) {
  char hex[SHA256_HEX];
  if (sha256_hex(check_text(L, 1), hex) != 0) return luaL_error(L, "not enough memory");
  lua_pushstring(L, hex);
  return 1;
}

static int f_xxh3(lua_State *L) {
  char hex[XXH3_HEX];
  hash_xxh3_128_hex(check_text(L, 1), hex);
  lua_pushstring(L, hex);
  return 1;
}

static int f_xxh3_64(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)hash_xxh3(check_text(L, 1)));
  return 1;
}

static int f_file_sha256(lua_State *L) {
  char hex[SHA256_HEX];
  uint64_t bytes;
  Error err = { "" };
  if (sha256_file(luaL_checkstring(L, 1), hex, &bytes, &err) != 0) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  lua_pushstring(L, hex);
  lua_pushinteger(L, (lua_Integer)bytes);
  return 2;
}

static const luaL_Reg hash_functions[] = {
  { "sha256", f_sha256 }, { "xxh3", f_xxh3 }, { "xxh3_64", f_xxh3_64 }, { NULL, NULL }
};

static const luaL_Reg hash_file_functions[] = { { "sha256", f_file_sha256 }, { NULL, NULL } };

int luaopen_hash(lua_State *L) {
  luaL_newlib(L, hash_functions);
  return 1;
}

int luaopen_hash_file(lua_State *L) {
  luaL_newlib(L, hash_file_functions);
  return 1;
}
