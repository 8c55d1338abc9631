/* modules/text/lua_bag.c - see lua_bag.h */
#include "text/lua_bag.h"

#include <lauxlib.h>

#include "text/bag.h"

unsigned lua_checkfeatures(lua_State *L, int at) {
  at = lua_absindex(L, at);
  if (lua_type(L, at) != LUA_TTABLE) luaL_error(L, "features: expected a list of \"word\", \"bigram\", \"char\"");
  unsigned kinds = 0;
  for (lua_Integer i = 1; lua_geti(L, at, i) != LUA_TNIL; i++) {
    Span s = { 0 };
    if (lua_type(L, -1) == LUA_TSTRING) s.ptr = lua_tolstring(L, -1, &s.len);
    if (span_eq(s, span_str("word"))) kinds |= BAG_WORDS;
    else if (span_eq(s, span_str("bigram"))) kinds |= BAG_BIGRAMS;
    else if (span_eq(s, span_str("char"))) kinds |= BAG_CHARS;
    else luaL_error(L, "features[%d]: expected \"word\", \"bigram\" or \"char\"", (int)i);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (kinds == 0) luaL_error(L, "features: expected at least one of \"word\", \"bigram\", \"char\"");
  return kinds;
}
