/* modules/stats/lua_tally.c - rows counted by a value and by the row that they copy, for the trusted scripts.
**   tally.groups(view, "topic", pool)     -- { [value] = rows that stand }, { [value] = rows read }
**   tally.groups(view, "topic", pool, "created_at")   -- … and the times there (stats.packed(bytes, view))
**   tally.annotation(view, "topic")       -- the same by an annotation alone; nil if there is none
**   tally.rows(view, "length", "input_too_short", 3)   -- the first three rows that it rejected for that
**   tally.copies(view, "near_dedup", 10)  -- { rows =, clusters =, sizes = { { rows of a cluster, clusters }, … },
**                                              largest = { { row =, size = }, … } }
**   tally.members(view, "near_dedup", { row, … }, 5)   -- the first five copies of each, in row order
** A cluster is a kept row and its copies; rows count from 1. Rows without a value are "unknown". */
#include <lauxlib.h>
#include <stdlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_value.h"
#include "stats/tally.h"

typedef struct Holder { void *p; } Holder;
#define HOLDER "tamis.tally"

static int holder_gc(lua_State *L) {
  Holder *h = lua_touserdata(L, 1);
  free(h->p);
  h->p = NULL;
  return 0;
}

/* [-0, +1, m] a userdata that frees what it will hold */
static Holder *new_holder(lua_State *L) {
  Holder *h = lua_newuserdatauv(L, sizeof *h, 0);
  h->p = NULL;
  luaL_setmetatable(L, HOLDER);
  return h;
}

static int interrupted(lua_State *L) {
  luaL_pushfail(L);
  lua_pushliteral(L, "interrupted");
  return 2;
}

/* table[value] = count, of the table at index t. [-0, +0, m] */
static void set_count(lua_State *L, int t, const View *v, uint32_t id, uint32_t count) {
  if (id == NAME_NONE) lua_pushliteral(L, "unknown");
  else lua_pushrowvalue(L, names_value(v->corpus->names, id));
  lua_pushvalue(L, -1);
  lua_rawget(L, t);                       /* a value "unknown" and none at all are one group */
  lua_Integer before = lua_tointeger(L, -1);
  lua_pop(L, 1);
  lua_pushinteger(L, before + count);
  lua_rawset(L, t);
}

/* [-0, +2, m] */
static int push_groups(lua_State *L, const View *v, const TallyGroup *group, size_t n) {
  lua_newtable(L);
  lua_newtable(L);
  int read = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    if (group[i].standing > 0) set_count(L, read - 1, v, group[i].id, group[i].standing);
    set_count(L, read, v, group[i].id, group[i].read);
  }
  return 2;
}

static int f_groups(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t len, n;
  const char *key = luaL_checklstring(L, 2, &len);
  Pool *pool = lua_optpool(L, 3);
  size_t when_len = 0;
  const char *when = luaL_optlstring(L, 4, NULL, &when_len);
  size_t room = v->corpus->nrows * sizeof(double);
  double *moments = when == NULL ? NULL : lua_newuserdatauv(L, room + 1, 0);
  int at = lua_gettop(L);
  Holder *h = new_holder(L);
  TallyGroup *group = NULL;
  int r = tally_groups(v, pool, span_of(key, len), span_of(when, when_len), moments, &group, &n);
  if (r == POOL_INTERRUPTED) return interrupted(L);
  if (r != 0) return luaL_error(L, "not enough memory");
  h->p = group;
  push_groups(L, v, group, n);
  if (moments == NULL) return 2;
  lua_pushlstring(L, lua_touserdata(L, at), room);
  return 3;
}

static int f_annotation(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t len, n;
  const char *name = luaL_checklstring(L, 2, &len);
  Holder *h = new_holder(L);
  TallyGroup *group = NULL;
  int r = tally_annotation(v, span_of(name, len), &group, &n);
  if (r > 0) return luaL_pushfail(L), 1;
  if (r != 0) return luaL_error(L, "not enough memory");
  h->p = group;
  return push_groups(L, v, group, n);
}

static void set_integer(lua_State *L, const char *key, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, key);
}

/* The number of a stage that some row knows; -1 if there is none of that name. */
static int stage_number(const View *v, const char *name) {
  size_t n = corpus_stages(v->corpus);
  for (size_t i = 0; i < n; i++)
    if (span_eq(span_str(corpus_stage_name(v->corpus, (uint16_t)i)), span_str(name))) return (int)i;
  return -1;
}

/* list is in falling order of copies. [-0, +1, m] */
static void push_sizes(lua_State *L, const TallyCopies *list, size_t n) {
  lua_newtable(L);
  lua_Integer at = 0;
  for (size_t i = n; i > 0;) {
    size_t first = i;
    while (i > 0 && list[i - 1].copies == list[first - 1].copies) i--;
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, (lua_Integer)list[first - 1].copies + 1);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, (lua_Integer)(first - i));
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++at);
  }
}

static int f_copies(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  const char *stage = luaL_checkstring(L, 2);
  lua_Integer most = luaL_checkinteger(L, 3);
  Holder *h = new_holder(L);
  TallyCopies *list;
  size_t n;
  if (tally_copies(v, stage_number(v, stage), &list, &n) != 0) return luaL_error(L, "not enough memory");
  h->p = list;
  uint64_t rows = 0;
  for (size_t i = 0; i < n; i++) rows += list[i].copies;
  lua_createtable(L, 0, 4);
  set_integer(L, "clusters", n);
  set_integer(L, "rows", rows);
  push_sizes(L, list, n);
  lua_setfield(L, -2, "sizes");
  lua_newtable(L);
  for (size_t i = 0; i < n && (lua_Integer)i < most; i++) {
    lua_createtable(L, 0, 2);
    set_integer(L, "row", (uint64_t)list[i].row + 1);
    set_integer(L, "size", (uint64_t)list[i].copies + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "largest");
  return 1;
}

enum { MOST = 1000 };   /* rows asked for at a time */

static int push_rows(lua_State *L, const uint32_t *row, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)row[i] + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int f_rows(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  int stage = stage_number(v, luaL_checkstring(L, 2));
  size_t len;
  const char *reason = luaL_checklstring(L, 3, &len);
  lua_Integer max = luaL_checkinteger(L, 4);
  luaL_argcheck(L, 1 <= max && max <= MOST, 4, "expected 1 to 1000");
  uint32_t out[MOST];
  size_t n = tally_rows(v, stage, span_of(reason, len), out, (size_t)max);
  return push_rows(L, out, n);
}

static int f_members(lua_State *L) {
  enum { CLUSTERS = 64, EACH = 16 };
  const View *v = lua_checkview(L, 1);
  int stage = stage_number(v, luaL_checkstring(L, 2));
  luaL_checktype(L, 3, LUA_TTABLE);
  size_t k = lua_rawlen(L, 3), n[CLUSTERS];
  lua_Integer max = luaL_checkinteger(L, 4);
  luaL_argcheck(L, k <= CLUSTERS, 3, "expected at most 64 rows");
  luaL_argcheck(L, 1 <= max && max <= EACH, 4, "expected 1 to 16");
  uint32_t row[CLUSTERS], out[CLUSTERS * EACH];
  for (size_t i = 0; i < k; i++) {
    lua_rawgeti(L, 3, (lua_Integer)i + 1);
    row[i] = (uint32_t)(luaL_checkinteger(L, -1) - 1);
    lua_pop(L, 1);
  }
  tally_members(v, stage, row, k, out, n, (size_t)max);
  lua_createtable(L, (int)k, 0);
  for (size_t i = 0; i < k; i++) {
    push_rows(L, out + i * (size_t)max, n[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

int luaopen_tally(lua_State *L);
int luaopen_tally(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = {
    { "groups", f_groups }, { "annotation", f_annotation }, { "copies", f_copies }, { "members", f_members },
    { "rows", f_rows }, { NULL, NULL }
  };
  if (luaL_newmetatable(L, HOLDER)) {
    lua_pushcfunction(L, holder_gc);
    lua_setfield(L, -2, "__gc");
  }
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
