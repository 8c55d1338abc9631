/* modules/corpus/lua_value.c - see lua_value.h */
#include "corpus/lua_value.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>

void lua_pushrowvalue(lua_State *L, Value v) {
  switch (v.type) {
    case VALUE_STRING: lua_pushlstring(L, v.text.ptr, v.text.len); break;
    case VALUE_INT: lua_pushinteger(L, v.integer); break;
    case VALUE_DOUBLE: lua_pushnumber(L, v.number); break;
    case VALUE_BOOL: lua_pushboolean(L, v.integer != 0); break;
    default: lua_pushnil(L);
  }
}

Value lua_checkrowvalue(lua_State *L, int arg) {
  Value v = { 0 };
  switch (lua_type(L, arg)) {
    case LUA_TNIL: case LUA_TNONE: break;
    case LUA_TBOOLEAN:
      v.type = VALUE_BOOL;
      v.integer = lua_toboolean(L, arg);
      break;
    case LUA_TNUMBER:
      v.type = lua_isinteger(L, arg) ? VALUE_INT : VALUE_DOUBLE;
      if (v.type == VALUE_INT) v.integer = lua_tointeger(L, arg);
      else v.number = lua_tonumber(L, arg);
      break;
    case LUA_TSTRING:
      v.type = VALUE_STRING;
      v.text.ptr = lua_tolstring(L, arg, &v.text.len);
      break;
    default:
      luaL_error(L, "expected a string, number or boolean, got a %s", luaL_typename(L, arg));
  }
  return v;
}

/* An integer that fits 64 bits is exact, as all numbers of 2^63 and above are doubles. */
static void push_number(lua_State *L, Span raw) {
  char small[64];
  const char *text = small;
  if (raw.len < sizeof small) {
    memcpy(small, raw.ptr, raw.len);
    small[raw.len] = '\0';
  } else {
    text = lua_pushlstring(L, raw.ptr, raw.len);   /* keeps a long one alive, NUL-terminated */
  }
  errno = 0;
  char *end;
  long long i = strtoll(text, &end, 10);
  if (errno == 0 && *end == '\0') lua_pushinteger(L, i);
  else lua_pushnumber(L, strtod(text, NULL));
  if (text != small) lua_remove(L, -2);
}

static void push_string(lua_State *L, const JsonValue *v) {
  if ((v->flags & JSON_ESCAPED) == 0) {
    lua_pushlstring(L, v->raw.ptr, v->raw.len);
    return;
  }
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, v->raw.len);
  luaL_pushresultsize(&b, json_decode(v->raw, out));
}

static void push_table(lua_State *L, const JsonValue *v, int null) {
  lua_newtable(L);
  int i = 0;
  JsonValue key, value;
  for (JsonIter it = json_iter(v); json_next(&it, &key, &value);) {
    if (v->kind == JSON_OBJECT) push_string(L, &key);
    else lua_pushinteger(L, ++i);
    lua_pushjson(L, &value, null);
    lua_rawset(L, -3);
  }
}

/* Recursion is bounded by JSON_MAX_DEPTH. */
void lua_pushjson(lua_State *L, const JsonValue *v, int null) {
  luaL_checkstack(L, 8, "JSON too deep");
  switch (v->kind) {
    case JSON_TRUE: case JSON_FALSE: lua_pushboolean(L, v->kind == JSON_TRUE); break;
    case JSON_NUMBER: push_number(L, v->raw); break;
    case JSON_STRING: push_string(L, v); break;
    case JSON_ARRAY: case JSON_OBJECT: push_table(L, v, null); break;
    default:
      if (null != 0) lua_pushvalue(L, null);
      else lua_pushnil(L);
  }
}
