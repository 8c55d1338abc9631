/* runtime/purity.c - see purity.h. Scalars count by value and place; the entries of a table are
** added up, so that their order, which differs from state to state, does not matter. */
#include "runtime/purity.h"

#include <lauxlib.h>
#include <string.h>

typedef struct Walk {
  lua_State *L;
  int seen;          /* index of the table of objects already visited */
  size_t left;
} Walk;

static uint64_t mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9E3779B97F4A7C15u + (h << 6) + (h >> 2);
  h *= 0xFF51AFD7ED558CCDu;
  return h ^ (h >> 32);
}

static uint64_t text_sum(const char *text, size_t len) {
  uint64_t h = len;
  for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;
  return h;
}

static uint64_t value_sum(Walk *w, int idx);

static uint64_t table_sum(Walk *w, int idx) {
  lua_State *L = w->L;
  int base = lua_gettop(L);
  uint64_t h = 0;
  if (lua_getmetatable(L, idx)) h = mix(h, value_sum(w, base + 1));   /* globals and classes hide there */
  lua_settop(L, base);
  for (lua_pushnil(L); w->left > 0 && lua_next(L, idx) != 0; lua_pop(L, 1)) {
    uint64_t key = value_sum(w, base + 1);
    h += mix(key, value_sum(w, base + 2));
  }
  lua_settop(L, base);
  return h;
}

static uint64_t function_sum(Walk *w, int idx) {
  lua_State *L = w->L;
  uint64_t h = 0;
  for (int i = 1; w->left > 0 && lua_getupvalue(L, idx, i) != NULL; i++) {
    h = mix(h, value_sum(w, lua_gettop(L)));
    lua_pop(L, 1);
  }
  return h;
}

/* 1 the first time that an object is met. */
static int first_visit(Walk *w, int idx) {
  lua_State *L = w->L;
  lua_pushvalue(L, idx);
  if (lua_rawget(L, w->seen) != LUA_TNIL) {
    lua_pop(L, 1);
    return 0;
  }
  lua_pop(L, 1);
  lua_pushvalue(L, idx);
  lua_pushboolean(L, 1);
  lua_rawset(L, w->seen);
  return 1;
}

static uint64_t value_sum(Walk *w, int idx) {
  lua_State *L = w->L;
  int type = lua_type(L, idx);
  if (w->left == 0) return 0;
  w->left--;
  if (!lua_checkstack(L, 8)) return 0;
  switch (type) {
    case LUA_TNIL: return 1;
    case LUA_TBOOLEAN: return 2 + (uint64_t)lua_toboolean(L, idx);
    case LUA_TNUMBER: {
      double d = lua_tonumber(L, idx);
      uint64_t bits;
      memcpy(&bits, &d, sizeof bits);
      return mix(4, lua_isinteger(L, idx) ? (uint64_t)lua_tointeger(L, idx) : bits);
    }
    case LUA_TSTRING: {
      size_t len;
      const char *text = lua_tolstring(L, idx, &len);
      return text_sum(text, len);
    }
    case LUA_TTABLE: return first_visit(w, idx) ? mix(5, table_sum(w, idx)) : 6;
    case LUA_TFUNCTION: return first_visit(w, idx) ? mix(7, function_sum(w, idx)) : 8;
    default: return 9;
  }
}

uint64_t purity_sum(lua_State *L, int idx, size_t most) {
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 8, NULL);
  lua_newtable(L);
  Walk w = { L, lua_gettop(L), most };
  uint64_t h = value_sum(&w, idx);
  lua_settop(L, w.seen - 1);
  return h;
}
