/* modules/coverage/lua_coverage.c - how far rows lie apart and how much they say once, for the stages diversity,
** outliers and distribution.
**   local verdicts, info = coverage.outliers(view, vectors, { k = 10, sample = 10000, top = 20, bound = nil or 0.6,
**     seed = 42 }, "outlier", pool)     -- info: rows, base, exact, p50, p90, p99, max, top = { { row =, nearest =,
**                                          distance = }, … }, trusted = { row, … }: past the bound, and no verdict
**                                          as their source is trusted; metric "distance"
**   coverage.apart(view, vectors, set, { k = 1, queries = 5000, seed = 42, n = nil or rows of "random" }, pool)
**                                          -- { rows =, queries =, mean =, error = its standard error }
**   coverage.ngrams(view, set, { field = "output", words = 3, seed = 42, n = }, pool)
**                                          -- { all =, distinct =, exact =, rows = }
**   coverage.sample(view, n, seed)         -- standing rows drawn by the seed, ascending
**   coverage.reach(view, vectors, other view, its vectors, { bound = nil or 0.5, share = 0.05, own = 2000, seed = 42 },
**     pool)                                -- { base =, queries =, own =, bound =, mean =, p10 =, p50 =, own_p50 =, far =
**                                          how many, rows = { { row =, nearest =, cosine = }, … } lowest first }
**   coverage.tell(vectors, rows, other vectors, other rows, folds, { folds = 5, passes = 30, c = 10, seed = 42 }, pool)
**                                          -- folds: 1 .. 5 of each of rows, then of each of the others
**                                          -- { first =, second =, auc =, error = } (nil where they cannot be)
** set: "standing", "read" (all rows that were read whole) or "random" (n of these). nil and a message ("interrupted")
** where something failed. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_buf.h"
#include "core/spill.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_param.h"
#include "corpus/lua_verdicts.h"
#include "coverage/apart.h"
#include "coverage/ngrams.h"
#include "coverage/reach.h"
#include "coverage/tell.h"
#include "select/select.h"
#include "stats/numbers.h"
#include "vectors/lua_vectors.h"

int luaopen_coverage(lua_State *L);

static int fail(lua_State *L, int r, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, r == POOL_INTERRUPTED || err->text[0] == '\0' ? "interrupted" : err->text);
  return 2;
}

static void set_integer(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, double x) {
  if (isnan(x)) return;
  lua_pushnumber(L, x);
  lua_setfield(L, -2, key);
}

static uint64_t seed_of(lua_State *L, int t) {
  lua_getfield(L, t, "seed");
  uint64_t seed = (uint64_t)luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return seed;
}

/* ---- sets ---- */

static const char *const SETS[] = { "standing", "read", "random", NULL };

/* The rows of the set at arg, with the table of parameters at t; a userdata on the stack. [-0, +1, v] */
static uint32_t *check_rows(lua_State *L, const View *view, const Vectors *v, int arg, int t, uint32_t *n) {
  ApartSet set = (ApartSet)luaL_checkoption(L, arg, NULL, SETS);
  double many = set == APART_RANDOM ? param_number(L, t, "n", 0, 4e9) : 0;
  uint32_t *row = lua_newuserdatauv(L, ((size_t)view->corpus->nrows + 1) * sizeof *row, 0);
  long found = apart_rows(view, v, set, (size_t)many, seed_of(L, t), row);
  if (found < 0) luaL_error(L, "not enough memory");
  *n = (uint32_t)found;
  return row;
}

static int f_apart(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  const Vectors *v = lua_checkvectors(L, 2);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 2, "expected vectors of the view's rows");
  luaL_checktype(L, 4, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 5);
  lua_settop(L, 5);
  uint32_t n, k = (uint32_t)param_number(L, 4, "k", 1, 1000);
  size_t queries = (size_t)param_number(L, 4, "queries", 1, 4e9);
  uint32_t *base = check_rows(L, view, v, 3, 4, &n);
  uint32_t *asked = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *asked, 0);
  memcpy(asked, base, n * sizeof *asked);
  long q = apart_draw(view, asked, n, queries, seed_of(L, 4) ^ 1);
  if (q < 0) return luaL_error(L, "not enough memory");
  double *mean = lua_newuserdatauv(L, ((size_t)q + 1) * sizeof *mean, 0);
  Error err = { "" };
  int r = apart_mean(v, base, n, asked, (uint32_t)q, k, pool, mean, NULL, &err);
  if (r != 0) return fail(L, r, &err);
  size_t known = numbers_pick(mean, NULL, 0, (size_t)q, mean);
  lua_createtable(L, 0, 3);
  set_integer(L, "rows", n);
  set_integer(L, "queries", known);
  double middle = known > 0 ? numbers_sum(mean, known) / (double)known : NAN;
  set_number(L, "mean", middle);
  for (size_t i = 0; i < known; i++) mean[i] = (mean[i] - middle) * (mean[i] - middle);
  set_number(L, "error", known > 1 ? sqrt(numbers_sum(mean, known) / (double)(known - 1) / (double)known) : NAN);
  return 1;
}

static int f_ngrams(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  lua_settop(L, 4);
  Field field = param_field(L, 3, "field");
  unsigned words = (unsigned)param_number(L, 3, "words", 1, NGRAMS_MAX);
  uint32_t n, *row = check_rows(L, view, NULL, 2, 3, &n);
  Ngrams g;
  Error err = { "" };
  int r = ngrams_count(view, field, words, row, n, pool, &g, &err);
  if (r != 0) return fail(L, r, &err);
  lua_createtable(L, 0, 4);
  set_integer(L, "rows", n);
  set_integer(L, "all", (size_t)g.all);
  set_integer(L, "distinct", (size_t)g.distinct);
  lua_pushboolean(L, g.exact);
  lua_setfield(L, -2, "exact");
  return 1;
}

static int f_sample(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  lua_Integer want = luaL_checkinteger(L, 2);
  luaL_argcheck(L, want >= 0, 2, "expected a number of rows");
  uint64_t seed = (uint64_t)luaL_checkinteger(L, 3);
  uint32_t *row = lua_newuserdatauv(L, ((size_t)view->corpus->nrows + 1) * sizeof *row, 0);
  long n = apart_rows(view, NULL, APART_STANDING, 0, 0, row);
  n = n < 0 ? n : apart_draw(view, row, (size_t)n, (size_t)want, seed);
  if (n < 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)n, 0);
  for (long i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)row[i] + 1);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* ---- reach ---- */

#define REACH "tamis.reach"

static int reach_gc(lua_State *L) {
  reach_free(luaL_checkudata(L, 1, REACH));
  return 0;
}

static void push_reach(lua_State *L, const Reach *r) {
  lua_createtable(L, 0, 10);
  set_integer(L, "base", r->base);
  set_integer(L, "queries", r->queries);
  set_integer(L, "own", r->own);
  set_integer(L, "far", r->nfar);
  set_number(L, "bound", r->bound);
  set_number(L, "mean", r->mean);
  set_number(L, "p10", r->p10);
  set_number(L, "p50", r->p50);
  set_number(L, "own_p50", r->own_p50);
  lua_createtable(L, (int)r->nfar, 0);
  for (uint32_t i = 0; i < r->nfar; i++) {
    lua_createtable(L, 0, 3);
    set_integer(L, "row", (size_t)r->far[i].row + 1);
    set_integer(L, "nearest", (size_t)r->far[i].nearest + 1);
    set_number(L, "cosine", r->far[i].cosine);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "rows");
}

static int f_reach(lua_State *L) {
  const View *view = lua_checkview(L, 1), *other = lua_checkview(L, 3);
  const Vectors *v = lua_checkvectors(L, 2), *w = lua_checkvectors(L, 4);
  luaL_checktype(L, 5, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 6);
  lua_settop(L, 6);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 2, "expected vectors of the view's rows");
  luaL_argcheck(L, w->nrows == other->corpus->nrows, 4, "expected vectors of the other view's rows");
  ReachParams p = { .bound = param_number_or(L, 5, "bound", NAN), .share = param_number(L, 5, "share", 0, 1),
                    .own = (size_t)param_number(L, 5, "own", 1, 4e9), .seed = seed_of(L, 5) };
  Reach *found = lua_newuserdatauv(L, sizeof *found, 0);
  *found = (Reach){ 0 };
  luaL_setmetatable(L, REACH);
  Error err = { "" };
  int r = reach_find(view, v, other, w, &p, pool, found, &err);
  if (r != 0) return fail(L, r, &err);
  push_reach(L, found);
  return 1;
}

/* ---- two sets told apart ---- */

/* The rows of the list at arg, with their folds at 5 from `from` on, into item. [-0, +0, v] */
static size_t check_items(lua_State *L, int arg, const Vectors *v, unsigned folds, size_t from, TellItem *item) {
  size_t n = lua_rawlen(L, arg);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, arg, (lua_Integer)i + 1);
    lua_rawgeti(L, 5, (lua_Integer)(from + i) + 1);
    lua_Integer row = luaL_checkinteger(L, -2), fold = luaL_checkinteger(L, -1);
    luaL_argcheck(L, 1 <= row && row <= (lua_Integer)v->nrows, arg, "no row of that number");
    luaL_argcheck(L, 1 <= fold && fold <= (lua_Integer)folds, 5, "no fold of that number");
    item[i] = (TellItem){ v, (uint32_t)row - 1, from > 0, (uint8_t)(fold - 1) };
    lua_pop(L, 2);
  }
  return n;
}

static int f_tell(lua_State *L) {
  const Vectors *v = lua_checkvectors(L, 1), *w = lua_checkvectors(L, 3);
  for (int arg = 2; arg <= 6; arg++)
    if (arg != 3) luaL_checktype(L, arg, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 7);
  lua_settop(L, 7);
  luaL_argcheck(L, v->dim == w->dim, 3, "expected vectors of one embedding");
  TellParams p = { .folds = (unsigned)param_number(L, 6, "folds", 2, TELL_MAX_FOLDS), .seed = seed_of(L, 6),
                   .passes = (unsigned)param_number(L, 6, "passes", 1, 10000), .c = param_number(L, 6, "c", 1e-9, 1e9) };
  size_t n = lua_rawlen(L, 2), m = lua_rawlen(L, 4);
  TellItem *item = lua_newuserdatauv(L, (n + m + 1) * sizeof *item, 0);
  check_items(L, 2, v, p.folds, 0, item);
  if (n > 0) check_items(L, 4, w, p.folds, n, item + n);
  Tell found;
  Error err = { "" };
  int r = tell_apart(item, n > 0 ? n + m : 0, &p, pool, &found, &err);
  if (r != 0) return fail(L, r, &err);
  lua_createtable(L, 0, 4);
  set_integer(L, "first", found.first);
  set_integer(L, "second", found.second);
  set_number(L, "auc", found.auc);
  set_number(L, "error", found.error);
  return 1;
}

/* ---- outliers ---- */

#define OUTLIERS "tamis.outliers"

static int outliers_gc(lua_State *L) {
  outliers_free(luaL_checkudata(L, 1, OUTLIERS));
  return 0;
}

/* [-0, +0, e] into the table at the top */
static void set_quantiles(lua_State *L, const Outliers *o, uint32_t nrows) {
  double *v = lua_newuserdatauv(L, ((size_t)nrows + 1) * 2 * sizeof *v, 0);
  size_t n = numbers_pick(o->distance, NULL, 0, nrows, v);
  numbers_sort(v, v + nrows + 1, n);
  lua_insert(L, -2);
  set_number(L, "p50", n > 0 ? numbers_quantile(v, n, 0.5) : NAN);
  set_number(L, "p90", n > 0 ? numbers_quantile(v, n, 0.9) : NAN);
  set_number(L, "p99", n > 0 ? numbers_quantile(v, n, 0.99) : NAN);
  lua_remove(L, -2);
}

static void push_outliers(lua_State *L, const Outliers *o, uint32_t nrows) {
  lua_createtable(L, 0, 8);
  set_quantiles(L, o, nrows);
  set_integer(L, "rows", o->n);
  set_integer(L, "base", o->base);
  set_integer(L, "exact", o->exact);
  lua_createtable(L, (int)o->ntop, 0);
  for (size_t i = 0; i < o->ntop; i++) {
    lua_createtable(L, 0, 3);
    set_integer(L, "row", (size_t)o->top[i].row + 1);
    if (o->top[i].nearest != PLACE_NONE) set_integer(L, "nearest", (size_t)o->top[i].nearest + 1);
    set_number(L, "distance", o->top[i].distance);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "top");
}

/* [-0, +0, e] into the table at the top */
static void set_trusted(lua_State *L, const Outliers *o, const Corpus *c, double bound) {
  lua_Integer n = 0;
  lua_newtable(L);
  for (uint32_t row = 0; row < c->nrows; row++) {
    if (!(o->distance[row] > bound) || !select_trusted(c, row)) continue;
    lua_pushinteger(L, (lua_Integer)row + 1);
    lua_rawseti(L, -2, ++n);
  }
  lua_setfield(L, -2, "trusted");
}

static int f_outliers(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  const Vectors *v = lua_checkvectors(L, 2);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 2, "expected vectors of the view's rows");
  luaL_checktype(L, 3, LUA_TTABLE);
  const char *reason = luaL_checkstring(L, 4);
  Pool *pool = lua_optpool(L, 5);
  lua_settop(L, 5);
  OutlierParams p = { .k = (uint32_t)param_number(L, 3, "k", 1, 1000), .seed = seed_of(L, 3),
                      .sample = (size_t)param_number(L, 3, "sample", 2, 4e9),
                      .top = (size_t)param_number(L, 3, "top", 0, 100000), .bound = param_number_or(L, 3, "bound", NAN) };
  Outliers *o = lua_newuserdatauv(L, sizeof *o, 0);
  *o = (Outliers){ 0 };
  luaL_setmetatable(L, OUTLIERS);
  lua_newverdicts(L);
  lua_pushvalue(L, 4);
  lua_setiuservalue(L, -2, 3);          /* the reason's text */
  Error err = { "" };
  int r = outliers_find(view, v, &p, pool, o, &err);
  if (r != 0) return fail(L, r, &err);
  push_outliers(L, o, view->corpus->nrows);
  set_trusted(L, o, view->corpus, p.bound);
  lua_insert(L, -2);
  VerdictList *list = outliers_verdicts(o, view, p.bound, reason, "distance");
  if (list == NULL) return luaL_error(L, "not enough memory");
  lua_setverdicts(L, list);
  lua_insert(L, -2);
  return 2;
}

static const luaL_Reg FUNCTIONS[] = {
  { "apart",    f_apart },
  { "ngrams",   f_ngrams },
  { "outliers", f_outliers },
  { "reach",    f_reach },
  { "sample",   f_sample },
  { "tell",     f_tell },
  { NULL, NULL }
};

static void new_type(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

int luaopen_coverage(lua_State *L) {
  new_type(L, OUTLIERS, outliers_gc);
  new_type(L, REACH, reach_gc);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
