/* modules/corpus/lua_view_look.c - questions of the REPL to a view:
**   view:cluster(row)                     -- rows connected with it by twins, itself included
**   view:pair_counts(a, b, pool, rows, most)   -- { { a =, b =, count = }, … } of two keys, the most frequent
**                                            first, at most so many (a million if not given), and how many
**                                            there are; rows: nil for all, else their numbers; nil and
**                                            "interrupted"
** A value that a row has not is "unknown". */
#include <lauxlib.h>
#include <stdlib.h>

#include "core/lua_buf.h"
#include "corpus/look.h"
#include "corpus/lua_value.h"
#include "corpus/lua_view.h"
#include "corpus/query.h"

static int view_cluster(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  lua_Integer row = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= row && row <= (lua_Integer)v->corpus->nrows, 2, "no such row");
  uint32_t *rows = lua_newuserdatauv(L, ((size_t)v->corpus->nrows + 1) * sizeof *rows, 0);
  long n = look_cluster(v, (uint32_t)(row - 1), rows);
  if (n < 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)n, 0);
  for (long i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)rows[i] + 1);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* The rows listed at arg, from 0, *n of them; NULL where it is nil. [-0, +1, v] */
static uint32_t *opt_rows(lua_State *L, const View *v, int arg, size_t *n) {
  *n = v->corpus->nrows;
  if (lua_isnoneornil(L, arg)) {
    lua_pushnil(L);
    return NULL;
  }
  luaL_checktype(L, arg, LUA_TTABLE);
  *n = (size_t)luaL_len(L, arg);
  uint32_t *rows = lua_newuserdatauv(L, (*n + 1) * sizeof *rows, 0);
  for (size_t i = 0; i < *n; i++) {
    lua_geti(L, arg, (lua_Integer)i + 1);
    lua_Integer row = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, 1 <= row && row <= (lua_Integer)v->corpus->nrows, arg, "no such row");
    rows[i] = (uint32_t)(row - 1);
  }
  return rows;
}

static void push_value(lua_State *L, const View *v, uint32_t id) {
  if (id == NAME_NONE) lua_pushliteral(L, "unknown");
  else lua_pushrowvalue(L, names_value(v->corpus->names, id));
}

static int view_pair_counts(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t len[2];
  const char *key[] = { luaL_checklstring(L, 2, &len[0]), luaL_checklstring(L, 3, &len[1]) };
  Pool *pool = lua_optpool(L, 4);
  size_t n, npairs;
  lua_Integer most = luaL_optinteger(L, 6, 1000000);
  luaL_argcheck(L, most >= 1, 6, "expected a whole number from 1");
  lua_settop(L, 5);
  uint32_t *rows = opt_rows(L, v, 5, &n), *ids[2];
  for (int i = 0; i < 2; i++) {
    ids[i] = lua_newuserdatauv(L, ((size_t)v->corpus->nrows + 1) * sizeof *ids[i], 0);
    int r = query_keys(v, pool, span_of(key[i], len[i]), ~0u, ids[i]);
    if (r == POOL_INTERRUPTED) {
      luaL_pushfail(L);
      lua_pushliteral(L, "interrupted");
      return 2;
    }
    if (r != 0) return luaL_error(L, "not enough memory");
  }
  void **holder = lua_newholder(L);
  KeyPair *pair;
  int r = look_pairs(ids[0], ids[1], rows, n, &pair, &npairs);
  *holder = pair;
  if (r != 0) return luaL_error(L, "not enough memory");
  look_most(pair, npairs);
  size_t shown = npairs < (size_t)most ? npairs : (size_t)most;
  lua_createtable(L, (int)shown, 0);
  for (size_t i = 0; i < shown; i++) {
    lua_createtable(L, 0, 3);
    push_value(L, v, pair[i].a);
    lua_setfield(L, -2, "a");
    push_value(L, v, pair[i].b);
    lua_setfield(L, -2, "b");
    lua_pushinteger(L, pair[i].count);
    lua_setfield(L, -2, "count");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_pushinteger(L, (lua_Integer)npairs);
  return 2;
}

void lua_open_view_look(lua_State *L) {
  static const luaL_Reg METHODS[] = {
    { "cluster",     view_cluster },
    { "pair_counts", view_pair_counts },
    { NULL,          NULL },
  };
  luaL_setfuncs(L, METHODS, 0);
}
