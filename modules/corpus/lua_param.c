/* modules/corpus/lua_param.c - see lua_param.h */
#include "corpus/lua_param.h"

#include <lauxlib.h>

Span param_string(lua_State *L, int t, const char *key) {
  Span s = { NULL, 0 };
  lua_getfield(L, t, key);
  if (lua_type(L, -1) == LUA_TSTRING) s.ptr = lua_tolstring(L, -1, &s.len);
  if (s.ptr == NULL) luaL_error(L, "%s: expected a string, got %s", key, luaL_typename(L, -1));
  lua_pop(L, 1);   /* the table keeps it */
  return s;
}

double param_number_or(lua_State *L, int t, const char *key, double missing) {
  lua_getfield(L, t, key);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "%s: expected a number, got %s", key, luaL_typename(L, -1));
  double v = lua_isnil(L, -1) ? missing : lua_tonumber(L, -1);
  lua_pop(L, 1);
  return v;
}

double param_number(lua_State *L, int t, const char *key, double min, double max) {
  lua_getfield(L, t, key);
  if (lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "%s: expected a number from %f to %f, got %s", key, min, max, luaL_typename(L, -1));
  double v = lua_tonumber(L, -1);
  lua_pop(L, 1);
  if (!(v >= min && v <= max)) luaL_error(L, "%s: expected a number from %f to %f, got %f", key, min, max, v);
  return v;
}

Field param_field(lua_State *L, int t, const char *key) {
  Span name = param_string(L, t, key);
  Field f = field_by_name(name);
  if (f == FIELD_NONE)
    luaL_error(L, "%s: expected system, input, output, alternative or assistant, got \"%s\"", key, name.ptr);
  return f;
}
