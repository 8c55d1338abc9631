/* modules/select/lua_select.c - select for the stages that thin rows out.
**   local groups, err = select.groups(view, { "topic", "created_at:month" }, pool)
**   for i = 1, #groups do local topic, month, count = groups:at(i) … end   -- nil: rows without one
**   select.groups(view, "topic", pool)                    -- by one key
**   local verdicts = groups:choose{ bins = { 1, 2, 2 }, most = { 500, false }, seed = 42, reason = "over_cap",
**     number = stats.metric(view, "judge.total") }         -- bin of each group; false: all stay; higher ones first
**     -- or vectors = v, pool = pool: the most diverse first (diverse.h); then nil and a message if interrupted
**   groups:cap({ 500, false, 10 }, 42, "over_cap")        -- the same, each group a bin of its own
**   local counts = groups:counts(child)                    -- rows of each that stand in a later view
**   local child, err = groups:weigh(view, { 0.5, 2, 1 }, "balance.weight")   -- a metric, from a number a group
**   local rows = select.order(view, seed)                 -- the standing ones; any beginning is a sample
**   select.count(view, n, seed, reason), select.share(view, share, seed, reason)
** Which rows stay: select.h. */
#include <lauxlib.h>
#include <math.h>

#include "corpus/lua_corpus.h"
#include "corpus/lua_param.h"
#include "corpus/lua_verdicts.h"
#include "corpus/lua_value.h"
#include "select/diverse.h"
#include "stats/lua_stats.h"
#include "vectors/lua_vectors.h"

int luaopen_select(lua_State *L);

#define GROUPS "tamis.groups"

/* ---- groups ---- */

/* The keys at that argument, a list; their text, as evidence names it, is on top [-0, +1, v]. */
static size_t check_keys(lua_State *L, int arg, GroupKey key[GROUPS_MAX_KEYS]) {
  luaL_checktype(L, arg, LUA_TTABLE);
  size_t n = lua_rawlen(L, arg);
  luaL_argcheck(L, 1 <= n && n <= GROUPS_MAX_KEYS, arg, "expected 1 to 4 keys");
  luaL_Buffer b;
  for (size_t i = 0; i < n; i++) {   /* the table keeps them alive */
    luaL_argcheck(L, lua_rawgeti(L, arg, (lua_Integer)i + 1) == LUA_TSTRING, arg, "expected keys as texts");
    Span text;
    text.ptr = lua_tolstring(L, -1, &text.len);
    key[i] = group_key(text);
    lua_pop(L, 1);
  }
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < n; i++) {
    if (i > 0) luaL_addchar(&b, '+');
    lua_rawgeti(L, arg, (lua_Integer)i + 1);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  return n;
}

static int f_groups(lua_State *L) {
  GroupKey key[GROUPS_MAX_KEYS];
  View *view = lua_checkview(L, 1);
  Pool *pool = lua_optpool(L, 3);
  lua_settop(L, 3);
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, 1);
    lua_replace(L, 2);
  }
  size_t n = check_keys(L, 2, key);
  Groups *g = lua_newuserdatauv(L, sizeof *g, 1);
  *g = (Groups){ 0 };
  luaL_setmetatable(L, GROUPS);
  lua_pushvalue(L, 4);
  lua_setiuservalue(L, -2, 1);
  Error err;
  if (groups_make(g, view, pool, key, n, &err) == 0) return 1;
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

static int m_at(lua_State *L) {
  Groups *g = check_groups(L);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= i && (size_t)i <= g->n, 2, "no group of that number");
  const Group *item = &g->item[i - 1];
  for (size_t k = 0; k < g->nkeys; k++) lua_pushrowvalue(L, names_value(g->view->corpus->names, item->value[k]));
  lua_pushinteger(L, item->count);
  return 1 + (int)g->nkeys;
}

/* ---- choosing ---- */

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

/* q->most from the list on top, in whose place its room stays on the stack [-1, +1, v]. */
static void check_most(lua_State *L, Quota *q) {
  int list = lua_gettop(L);
  luaL_argcheck(L, lua_istable(L, list), 2, "most: expected a list");
  q->nbins = lua_rawlen(L, list);
  double *most = lua_newuserdatauv(L, (q->nbins + 1) * sizeof *most, 0);
  for (size_t i = 0; i < q->nbins; i++) {
    int type = lua_rawgeti(L, list, (lua_Integer)i + 1);
    if (type != LUA_TNUMBER && lua_toboolean(L, -1)) luaL_error(L, "most[%d]: expected a number or false", (int)i + 1);
    most[i] = type == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    lua_pop(L, 1);
  }
  lua_remove(L, list);
  q->most = most;
}

/* The same of q->bin: a bin a group. */
static void check_bins(lua_State *L, const Groups *g, Quota *q) {
  luaL_argcheck(L, lua_getfield(L, 2, "bins") == LUA_TTABLE, 2, "bins: expected a list");
  int list = lua_gettop(L);
  uint32_t *bin = lua_newuserdatauv(L, (g->n + 1) * sizeof *bin, 0);
  for (size_t i = 0; i < g->n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    lua_Integer b = lua_tointeger(L, -1);
    if (b < 1 || (size_t)b > q->nbins) luaL_error(L, "bins[%d]: expected 1 to %d", (int)i + 1, (int)q->nbins);
    bin[i] = (uint32_t)b - 1;
    lua_pop(L, 1);
  }
  lua_remove(L, list);
  q->bin = bin;
}

/* q->number from the list's vectors, where it has any; the column stays on the stack. 0, or what diverse_numbers says
** [-0, +2, v]. */
static int check_diverse(lua_State *L, const Groups *g, Quota *q) {
  lua_getfield(L, 2, "vectors");
  lua_getfield(L, 2, "pool");
  if (lua_isnil(L, -2)) return 0;
  const Vectors *v = lua_checkvectors(L, -2);
  Pool *pool = lua_optpool(L, -1);
  luaL_argcheck(L, v->nrows == g->view->corpus->nrows, 2, "vectors: expected those of the view's rows");
  double *number = lua_newuserdatauv(L, ((size_t)v->nrows + 1) * sizeof *number, 0);
  int status = diverse_numbers(g, q, v, pool, number);
  if (status == -1) return luaL_error(L, "not enough memory");
  q->number = number;
  return status;
}

/* q->number; the column stays on the stack [-0, +1, v]. */
static void check_number(lua_State *L, const Groups *g, Quota *q) {
  size_t n;
  if (lua_getfield(L, 2, "number") == LUA_TNIL) return;
  q->number = lua_checknumbers(L, -1, &n);
  luaL_argcheck(L, n == g->view->corpus->nrows, 2, "number: expected a number a row of the view");
}

static int m_choose(lua_State *L) {
  Groups *g = check_groups(L);
  Quota q = { 0 };
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, 1);
  q.field = lua_tostring(L, 3);
  q.reason = param_string(L, 2, "reason").ptr;
  lua_getfield(L, 2, "reason");
  lua_getfield(L, 2, "most");
  check_most(L, &q);
  check_bins(L, g, &q);
  check_number(L, g, &q);
  lua_getfield(L, 2, "seed");
  q.seed = (uint64_t)luaL_checkinteger(L, -1);
  if (check_diverse(L, g, &q) != 0) {
    luaL_pushfail(L);
    lua_pushliteral(L, "interrupted");
    return 2;
  }
  lua_newverdicts(L);
  keep_strings(L, 3, 4);
  return made(L, groups_choose(g, &q));
}

static int m_cap(lua_State *L) {
  Groups *g = check_groups(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  Quota q = { .seed = (uint64_t)luaL_checkinteger(L, 3), .reason = luaL_checkstring(L, 4) };
  lua_settop(L, 4);
  lua_getiuservalue(L, 1, 1);
  q.field = lua_tostring(L, 5);
  lua_pushvalue(L, 2);
  check_most(L, &q);
  luaL_argcheck(L, q.nbins == g->n, 2, "expected a cap a group");
  uint32_t *bin = lua_newuserdatauv(L, (g->n + 1) * sizeof *bin, 0);
  for (size_t i = 0; i < g->n; i++) bin[i] = (uint32_t)i;
  q.bin = bin;
  lua_newverdicts(L);
  keep_strings(L, 5, 4);
  return made(L, groups_choose(g, &q));
}

/* groups:counts(view) -> how many rows of each group stand in that view */
static int m_counts(lua_State *L) {
  Groups *g = check_groups(L);
  const View *view = lua_checkview(L, 2);
  luaL_argcheck(L, view->corpus == g->view->corpus, 2, "expected a view of the same rows");
  uint32_t *count = lua_newuserdatauv(L, (g->n + 1) * sizeof *count, 0);
  groups_count(g, view, count);
  lua_createtable(L, (int)g->n, 0);
  for (size_t i = 0; i < g->n; i++) {
    lua_pushinteger(L, count[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* groups:weigh(view, { number a group }, name) -> that view with the metric; or nil and a message */
static int m_weigh(lua_State *L) {
  Groups *g = check_groups(L);
  const View *view = lua_checkview(L, 2);
  size_t len;
  luaL_argcheck(L, view->corpus == g->view->corpus, 2, "expected a view of the same rows");
  luaL_checktype(L, 3, LUA_TTABLE);
  const char *name = luaL_checklstring(L, 4, &len);
  double *value = lua_newuserdatauv(L, (g->n + 1) * sizeof *value, 0);
  double *out = lua_newuserdatauv(L, ((size_t)view->corpus->nrows + 1) * sizeof *out, 0);
  for (size_t i = 0; i < g->n; i++) {
    lua_rawgeti(L, 3, (lua_Integer)i + 1);
    value[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  groups_spread(g, view, value, out);
  Error err = { "" };
  View *child = view_measure(view, span_of(name, len), out, &err);
  if (child != NULL) return lua_pushview(L, child), 1;
  luaL_pushfail(L);
  lua_pushstring(L, err.text);
  return 2;
}

/* ---- all rows ---- */

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
  { "at",     m_at },
  { "cap",    m_cap },
  { "choose", m_choose },
  { "counts", m_counts },
  { "weigh",  m_weigh },
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
