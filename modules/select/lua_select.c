/* modules/select/lua_select.c - select for the stages that thin rows out.
**   local groups, err = select.groups(view, "topic", pool)
**   for i = 1, #groups do local value, count = groups:at(i) … end   -- value nil: rows without one
**   local verdicts = groups:cap(caps, seed, "over_cap")   -- caps[i]: a number, or false for none
**   local rows = select.order(view, seed)                 -- the standing ones; any beginning is a sample
**   select.count(view, n, seed, reason), select.share(view, share, seed, reason)
** Rows stay by a hash of the seed and their identity, those of trusted sources first. */
#include <lauxlib.h>
#include <math.h>

#include "corpus/lua_corpus.h"
#include "corpus/lua_verdicts.h"
#include "corpus/lua_value.h"
#include "select/select.h"

int luaopen_select(lua_State *L);

#define GROUPS "tamis.groups"

static int f_groups(lua_State *L) {
  View *view = lua_checkview(L, 1);
  Span key;
  key.ptr = luaL_checklstring(L, 2, &key.len);
  Pool *pool = lua_optpool(L, 3);
  Groups *g = lua_newuserdatauv(L, sizeof *g, 1);
  *g = (Groups){ 0 };
  luaL_setmetatable(L, GROUPS);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, 1);             /* the key's text, for evidence */
  Error err;
  if (groups_make(g, view, pool, key, &err) == 0) return 1;
  luaL_pushfail(L);
  lua_pushstring(L, err.text[0] != '\0' ? err.text : "interrupted");
  return 2;
}

static Groups *check_groups(lua_State *L) {
  Groups *g = luaL_checkudata(L, 1, GROUPS);
  luaL_argcheck(L, g->view != NULL, 1, "groups are closed");
  return g;
}

static int groups_gc(lua_State *L) {
  groups_free(luaL_checkudata(L, 1, GROUPS));
  return 0;
}

static int groups_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_groups(L)->n);
  return 1;
}

static int groups_at(lua_State *L) {
  Groups *g = check_groups(L);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= i && (size_t)i <= g->n, 2, "no group of that number");
  const Group *item = &g->item[i - 1];
  lua_pushrowvalue(L, names_value(g->view->corpus->names, item->value));
  lua_pushinteger(L, item->count);
  return 2;
}

/* Keeps the strings at two arguments alive with the list on top, which points at their bytes. */
static void keep_strings(lua_State *L, int field, int reason) {
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, field);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, reason);
  lua_rawseti(L, -2, 2);
  lua_setiuservalue(L, -2, 3);
}

static int made(lua_State *L, VerdictList *list) {
  if (list == NULL) return luaL_error(L, "not enough memory");
  lua_setverdicts(L, list);
  return 1;
}

static int m_cap(lua_State *L) {
  Groups *g = check_groups(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  uint64_t seed = (uint64_t)luaL_checkinteger(L, 3);
  const char *reason = luaL_checkstring(L, 4);
  lua_settop(L, 4);
  lua_getiuservalue(L, 1, 1);
  const char *field = lua_tostring(L, 5);
  double *cap = lua_newuserdatauv(L, (g->n + 1) * sizeof *cap, 0);
  for (size_t i = 0; i < g->n; i++) {
    int type = lua_geti(L, 2, (lua_Integer)i + 1);
    if (type != LUA_TNUMBER && lua_toboolean(L, -1)) luaL_error(L, "caps[%d]: expected a number or false", (int)i + 1);
    cap[i] = type == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    lua_pop(L, 1);
  }
  lua_newverdicts(L);
  keep_strings(L, 5, 4);
  return made(L, groups_cap(g, cap, seed, field, reason));
}

static int f_count(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  lua_Integer n = luaL_checkinteger(L, 2);
  luaL_argcheck(L, n >= 0, 2, "expected a number of rows");
  uint64_t seed = (uint64_t)luaL_checkinteger(L, 3);
  const char *reason = luaL_checkstring(L, 4);
  lua_settop(L, 4);
  lua_pushliteral(L, "row");
  lua_newverdicts(L);
  keep_strings(L, 5, 4);
  return made(L, select_count(view, (size_t)n, seed, "row", reason));
}

static int f_share(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  double share = luaL_checknumber(L, 2);
  luaL_argcheck(L, share >= 0 && share <= 1, 2, "expected a share from 0 to 1");
  uint64_t seed = (uint64_t)luaL_checkinteger(L, 3);
  const char *reason = luaL_checkstring(L, 4);
  lua_settop(L, 4);
  lua_pushliteral(L, "row");
  lua_newverdicts(L);
  keep_strings(L, 5, 4);
  return made(L, select_share(view, share, seed, "row", reason));
}

/* select.order(view, seed) -> the numbers of the standing rows in the order of their places */
static int f_order(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  uint64_t seed = (uint64_t)luaL_checkinteger(L, 2);
  uint32_t *row = lua_newuserdatauv(L, (view->standing + 1) * sizeof *row, 0);
  if (select_order(view, seed, row) != 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)view->standing, 0);
  for (size_t i = 0; i < view->standing; i++) {
    lua_pushinteger(L, (lua_Integer)row[i] + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const luaL_Reg METHODS[] = {
  { "at",  groups_at },
  { "cap", m_cap },
  { NULL, NULL }
};

static const luaL_Reg META[] = {
  { "__len",   groups_len },
  { "__gc",    groups_gc },
  { "__close", groups_gc },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = {
  { "groups", f_groups },
  { "count",  f_count },
  { "share",  f_share },
  { "order",  f_order },
  { NULL, NULL }
};

int luaopen_select(lua_State *L) {
  luaL_newmetatable(L, GROUPS);
  luaL_setfuncs(L, META, 0);
  luaL_newlib(L, METHODS);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
