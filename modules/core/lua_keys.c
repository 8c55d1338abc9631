/* modules/core/lua_keys.c - see lua_keys.h */
#include "core/lua_keys.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct Key {
  int rank;               /* 0 number, 1 text, 2 boolean */
  int is_int;
  lua_Integer integer;    /* a boolean's 0 or 1 too */
  lua_Number number;
  const char *text;       /* the key's own string: the array of keys keeps it alive */
  size_t len;
  lua_Integer at;         /* its place in the unsorted array */
} Key;

static int compare_numbers(const Key *a, const Key *b) {
  if (a->is_int && b->is_int) return (a->integer > b->integer) - (a->integer < b->integer);
  long double x = a->is_int ? (long double)a->integer : (long double)a->number;
  long double y = b->is_int ? (long double)b->integer : (long double)b->number;
  return (x > y) - (x < y);
}

static int compare(const void *pa, const void *pb) {
  const Key *a = pa, *b = pb;
  if (a->rank != b->rank) return a->rank - b->rank;
  if (a->rank == 0) return compare_numbers(a, b);
  if (a->rank == 2) return (int)(a->integer - b->integer);
  size_t n = a->len < b->len ? a->len : b->len;
  int r = memcmp(a->text, b->text, n);
  return r != 0 ? r : (a->len > b->len) - (a->len < b->len);
}

static void read_key(lua_State *L, int idx, Key *k) {
  switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
      k->is_int = lua_isinteger(L, idx);
      k->integer = k->is_int ? lua_tointeger(L, idx) : 0;
      k->number = lua_tonumber(L, idx);
      break;
    case LUA_TSTRING:
      k->rank = 1;
      k->text = lua_tolstring(L, idx, &k->len);
      break;
    case LUA_TBOOLEAN:
      k->rank = 2;
      k->integer = lua_toboolean(L, idx);
      break;
    default:
      luaL_error(L, "the keys of this table have no order: one is a %s", luaL_typename(L, idx));
  }
}

lua_Integer keys_sorted(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 6, NULL);
  lua_Integer n = 0;
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, idx) != 0;) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, ++n);
  }
  if (n == 0) return 0;
  Key *key = lua_newuserdatauv(L, (size_t)n * sizeof *key, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    key[i - 1] = (Key){ .at = i };
    lua_rawgeti(L, -2, i);
    read_key(L, -1, &key[i - 1]);
    lua_pop(L, 1);
  }
  qsort(key, (size_t)n, sizeof *key, compare);
  lua_createtable(L, n < INT_MAX ? (int)n : 0, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -3, key[i - 1].at);
    lua_rawseti(L, -2, i);
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
  return n;
}
