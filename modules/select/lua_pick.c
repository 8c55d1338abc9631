/* modules/select/lua_pick.c - pick for the stage select.
**   local verdicts, counts = pick.choose(view, vectors, { n = 5000, max = 0.9, fill = true, seed = 42,
**     field = "input+output" (empty: not known), number = stats.metric(view, "judge.total") }, pool)   -- higher ones are visited first
**     -- counts: kept, near, filled, behind, bare; reasons too_near and not_selected; or nil and a message
**   local mean = pick.mean(vectors, rows, among, self, pool)    -- nil: no row has a vector; or nil and a message */
#include <lauxlib.h>
#include <math.h>

#include "corpus/lua_corpus.h"
#include "corpus/lua_param.h"
#include "corpus/lua_verdicts.h"
#include "select/pick.h"
#include "select/select.h"
#include "stats/lua_stats.h"
#include "vectors/lua_vectors.h"

int luaopen_pick(lua_State *L);

static int fail(lua_State *L, int status, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, status == POOL_INTERRUPTED ? "interrupted" : err->text);
  return 2;
}

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

/* The column of numbers under that key; it stays on the stack [-0, +1, v]. */
static const double *opt_number(lua_State *L, int t, const View *view) {
  size_t n;
  if (lua_getfield(L, t, "number") == LUA_TNIL) return NULL;
  const double *number = lua_checknumbers(L, -1, &n);
  luaL_argcheck(L, n == view->corpus->nrows, t, "number: expected a number a row of the view");
  return number;
}

static int f_choose(lua_State *L) {
  static const char *const REASONS[2] = { "too_near", "not_selected" };
  const View *view = lua_checkview(L, 1);
  const Vectors *v = lua_checkvectors(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 2, "expected the vectors of the view's rows");
  size_t wanted = (size_t)param_number(L, 3, "n", 0, UINT32_MAX), n = view->standing;
  double max = param_number(L, 3, "max", -1, 2);
  lua_getfield(L, 3, "fill");
  int fill = lua_toboolean(L, -1);
  lua_getfield(L, 3, "seed");
  uint64_t seed = (uint64_t)luaL_checkinteger(L, -1);
  const double *number = opt_number(L, 3, view);
  uint32_t *row = lua_newuserdatauv(L, (n + 1) * sizeof *row, 0);
  PickRow *out = lua_newuserdatauv(L, (n + 1) * sizeof *out, 0);
  PickCounts counts;
  Error err = { "" };
  if (select_ranked(view, number, seed, row) != 0) return luaL_error(L, "not enough memory");
  int status = pick_apart(v, row, n, wanted, max, fill, pool, out, &counts, &err);
  if (status != 0) return fail(L, status, &err);
  lua_newverdicts(L);
  lua_getfield(L, 3, "field");
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, 3);             /* the list points at its bytes */
  VerdictList *list = pick_verdicts(out, row, n, v->nrows, wanted, param_string(L, 3, "field").ptr, REASONS);
  lua_pop(L, 1);
  if (list == NULL) return luaL_error(L, "not enough memory");
  lua_setverdicts(L, list);
  lua_createtable(L, 0, 5);
  set_count(L, "kept", counts.kept);
  set_count(L, "near", counts.near);
  set_count(L, "filled", counts.filled);
  set_count(L, "behind", counts.behind);
  set_count(L, "bare", counts.bare);
  return 2;
}

/* The rows of the list at arg, from 0; their room stays on the stack [-0, +1, v]. */
static uint32_t *check_rows(lua_State *L, int arg, const Vectors *v, size_t *n) {
  luaL_checktype(L, arg, LUA_TTABLE);
  *n = lua_rawlen(L, arg);
  uint32_t *row = lua_newuserdatauv(L, (*n + 1) * sizeof *row, 0);
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, arg, (lua_Integer)i + 1);
    lua_Integer r = lua_tointeger(L, -1);
    luaL_argcheck(L, 1 <= r && r <= (lua_Integer)v->nrows, arg, "expected row numbers");
    row[i] = (uint32_t)(r - 1);
    lua_pop(L, 1);
  }
  return row;
}

static int f_mean(lua_State *L) {
  const Vectors *v = lua_checkvectors(L, 1);
  int self = lua_toboolean(L, 4);
  Pool *pool = lua_optpool(L, 5);
  size_t n, nbase;
  uint32_t *query = check_rows(L, 2, v, &n), *base = check_rows(L, 3, v, &nbase);
  double mean;
  Error err = { "" };
  int status = pick_mean(v, query, n, base, nbase, self, pool, &mean, &err);
  if (status != 0) return fail(L, status, &err);
  if (isnan(mean)) return luaL_pushfail(L), 1;
  lua_pushnumber(L, mean);
  return 1;
}

int luaopen_pick(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = { { "choose", f_choose }, { "mean", f_mean }, { NULL, NULL } };
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
