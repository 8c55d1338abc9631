/* modules/stats/lua_passing.c - other values of a stage's bounds over the figures it left, for the trusted scripts.
**   local states = passing.states(reached, after, "length", { "input_too_short", … })   -- a character a row
**   local p = { states = states, bounds = { { figures, "min", 3 }, … } }     -- figures: a column of stats
**   passing.count(p, { figures, "min", { 3, 5, 10 } })       -- { rows kept at each }; values ascend
**   passing.count(p, axis, axis)                             -- { { kept, … } for each value of the first }
**   passing.margin(p, axis, 3)    -- for each value { goes = { rows }, stays = { rows } }, the nearest first
**   passing.faults(view, "pii", { "pii_email", … }, 3)   -- { { mask =, count =, rows = { first three } }, … }: the
**     rows it decided, by which of these reasons it noted (bit i - 1), in order of mask
** All but states and faults may return nil, "interrupted". Rows count from 1. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool.h"
#include "corpus/lua_corpus.h"
#include "stats/lua_stats.h"
#include "stats/passing.h"

enum { MOST_VALUES = 10000, MOST_ROWS = 100, MOST_REASONS = 32 };

static int interrupted(lua_State *L) {
  luaL_pushfail(L);
  lua_pushliteral(L, "interrupted");
  return 2;
}

/* ---- arguments: their arrays are userdata on the stack ---- */

static PassingSide check_side(lua_State *L, int table) {
  lua_rawgeti(L, table, 2);
  const char *side = lua_tostring(L, -1);
  int max = side != NULL && strcmp(side, "max") == 0;
  if (!max && (side == NULL || strcmp(side, "min") != 0)) luaL_error(L, "expected the side min or max");
  lua_pop(L, 1);
  return max ? PASSING_MAX : PASSING_MIN;
}

/* The column at [1] of the table: the table holds it. [-0, +0, e] */
static const double *check_figures(lua_State *L, int table, size_t n) {
  size_t len;
  lua_rawgeti(L, table, 1);
  const double *v = lua_checknumbers(L, lua_gettop(L), &len);
  if (len != n) luaL_error(L, "expected a figure for each of %I rows, got %I", (lua_Integer)n, (lua_Integer)len);
  lua_pop(L, 1);
  return v;
}

/* [-0, +2, m] the states and the bounds stay on the stack */
static PassingRows check_rows(lua_State *L, int arg) {
  PassingRows r = { 0 };
  luaL_checktype(L, arg, LUA_TTABLE);
  if (lua_getfield(L, arg, "states") != LUA_TSTRING) luaL_error(L, "states: expected a character a row");
  r.state = lua_tolstring(L, -1, &r.n);
  if (lua_getfield(L, arg, "bounds") == LUA_TNIL) return r;
  luaL_checktype(L, -1, LUA_TTABLE);
  int list = lua_gettop(L);
  r.nbounds = lua_rawlen(L, list);
  PassingBound *bound = lua_newuserdatauv(L, (r.nbounds + 1) * sizeof *bound, 0);
  for (size_t i = 0; i < r.nbounds; i++) {
    if (lua_rawgeti(L, list, (lua_Integer)i + 1) != LUA_TTABLE) luaL_error(L, "bounds: expected a list of tables");
    int one = lua_gettop(L);
    lua_rawgeti(L, one, 3);
    bound[i] = (PassingBound){ check_figures(L, one, r.n), check_side(L, one), luaL_checknumber(L, -1) };
    lua_settop(L, one - 1);
  }
  lua_remove(L, list);
  r.bound = bound;
  return r;
}

/* [-0, +1, m] the values stay on the stack */
static PassingAxis check_axis(lua_State *L, int arg, size_t nrows) {
  luaL_checktype(L, arg, LUA_TTABLE);
  PassingAxis a = { .figure = check_figures(L, arg, nrows), .side = check_side(L, arg) };
  lua_rawgeti(L, arg, 3);
  luaL_argcheck(L, lua_istable(L, -1), arg, "expected a list of values");
  int list = lua_gettop(L);
  a.n = lua_rawlen(L, list);
  luaL_argcheck(L, 1 <= a.n && a.n <= MOST_VALUES, arg, "expected 1 to 10000 values");
  double *value = lua_newuserdatauv(L, a.n * sizeof *value, 0);
  for (size_t i = 0; i < a.n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    value[i] = luaL_checknumber(L, -1);
    luaL_argcheck(L, i == 0 || value[i - 1] < value[i], arg, "expected values that ascend");
    lua_pop(L, 1);
  }
  lua_remove(L, list);
  a.value = value;
  return a;
}

/* The ids of the list of words at arg; a word that no row knows gets an id that none has. [-0, +1, m] */
static uint32_t *check_reasons(lua_State *L, int arg, const View *v, size_t *n) {
  luaL_checktype(L, arg, LUA_TTABLE);
  *n = lua_rawlen(L, arg);
  uint32_t *id = lua_newuserdatauv(L, (*n + 1) * sizeof *id, 0);
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, arg, (lua_Integer)i + 1);
    size_t len;
    const char *word = luaL_checklstring(L, -1, &len);
    id[i] = names_find(v->corpus->names, span_of(word, len));
    if (id[i] == NAME_NONE) id[i] = NAME_FAIL;
    lua_pop(L, 1);
  }
  return id;
}

static uint16_t check_stage(lua_State *L, int arg, const View *v) {
  size_t len;
  const char *name = luaL_checklstring(L, arg, &len);
  int stage = corpus_stage(v->corpus, span_of(name, len));
  if (stage < 0) luaL_error(L, "too many stages");
  return (uint16_t)stage;
}

/* ---- functions ---- */

static int f_states(lua_State *L) {
  const View *before = lua_checkview(L, 1), *after = lua_checkview(L, 2);
  uint16_t stage = check_stage(L, 3, after);
  size_t n;
  luaL_argcheck(L, before->corpus == after->corpus, 2, "expected a view of the same rows");
  uint32_t *reason = check_reasons(L, 4, after, &n);
  luaL_Buffer b;
  char *state = luaL_buffinitsize(L, &b, (size_t)before->corpus->nrows + 1);
  passing_states(before, after, stage, reason, n, state);
  luaL_pushresultsize(&b, before->corpus->nrows);
  return 1;
}

/* A list of n counts. [-0, +1, m] */
static void push_counts(lua_State *L, const uint64_t *count, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)count[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static int f_count(lua_State *L) {
  int two = !lua_isnoneornil(L, 3);
  lua_settop(L, 3);
  PassingRows r = check_rows(L, 1);
  PassingAxis a = check_axis(L, 2, r.n), b = { 0 };
  if (two) b = check_axis(L, 3, r.n);
  size_t nb = two ? b.n : 1;
  luaL_argcheck(L, a.n * nb <= MOST_VALUES, 2, "expected at most 10000 pairs of values");
  uint64_t *kept = lua_newuserdatauv(L, a.n * nb * sizeof *kept, 0);
  int bad = passing_count(&r, &a, two ? &b : NULL, kept);
  if (bad == POOL_INTERRUPTED) return interrupted(L);
  if (bad != 0) return luaL_error(L, "not enough memory");
  if (!two) {
    push_counts(L, kept, a.n);
    return 1;
  }
  lua_createtable(L, (int)a.n, 0);
  for (size_t i = 0; i < a.n; i++) {
    push_counts(L, kept + i * nb, nb);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* t[key] = { rows }, from 1. [-0, +0, m] */
static void set_rows(lua_State *L, const char *key, const uint32_t *row, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)row[i] + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, key);
}

static int f_margin(lua_State *L) {
  lua_Integer most = luaL_checkinteger(L, 3);
  luaL_argcheck(L, 0 <= most && most <= MOST_ROWS, 3, "expected 0 to 100 rows");
  PassingRows r = check_rows(L, 1);
  PassingAxis a = check_axis(L, 2, r.n);
  uint32_t goes[MOST_ROWS], stays[MOST_ROWS];
  lua_createtable(L, (int)a.n, 0);
  for (size_t i = 0; i < a.n; i++) {
    size_t ngoes, nstays;
    if (passing_margin(&r, &a, i, (size_t)most, goes, &ngoes, stays, &nstays) != 0) return interrupted(L);
    lua_createtable(L, 0, 2);
    set_rows(L, "goes", goes, ngoes);
    set_rows(L, "stays", stays, nstays);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

typedef struct Masked { uint32_t mask, row; } Masked;

static int by_mask(const void *a, const void *b) {
  const Masked *x = a, *y = b;
  if (x->mask != y->mask) return x->mask < y->mask ? -1 : 1;
  return x->row < y->row ? -1 : x->row > y->row;
}

static int f_faults(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  uint16_t stage = check_stage(L, 2, v);
  lua_Integer most = luaL_optinteger(L, 4, 0);
  luaL_argcheck(L, 0 <= most && most <= MOST_ROWS, 4, "expected 0 to 100 rows");
  size_t n, nrows = v->corpus->nrows, found = 0;
  uint32_t *reason = check_reasons(L, 3, v, &n);
  luaL_argcheck(L, n <= MOST_REASONS, 3, "expected at most 32 reasons");
  uint32_t *mask = lua_newuserdatauv(L, (nrows + 1) * sizeof *mask, 0);
  Masked *masked = lua_newuserdatauv(L, (nrows + 1) * sizeof *masked, 0);
  passing_faults(v, stage, reason, n, mask);
  for (size_t i = 0; i < nrows; i++)
    if (mask[i] != 0) masked[found++] = (Masked){ mask[i], (uint32_t)i };
  qsort(masked, found, sizeof *masked, by_mask);
  lua_newtable(L);
  for (size_t i = 0, k = 1, end; i < found; i = end, k++) {
    uint32_t first[MOST_ROWS];
    for (end = i; end < found && masked[end].mask == masked[i].mask; end++)
      if (end - i < (size_t)most) first[end - i] = masked[end].row;
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, masked[i].mask);
    lua_setfield(L, -2, "mask");
    lua_pushinteger(L, (lua_Integer)(end - i));
    lua_setfield(L, -2, "count");
    set_rows(L, "rows", first, end - i < (size_t)most ? end - i : (size_t)most);
    lua_rawseti(L, -2, (lua_Integer)k);
  }
  return 1;
}

int luaopen_passing(lua_State *L);
int luaopen_passing(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = {
    { "states", f_states }, { "count", f_count }, { "margin", f_margin }, { "faults", f_faults }, { NULL, NULL }
  };
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
