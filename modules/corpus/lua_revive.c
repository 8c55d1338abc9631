/* modules/corpus/lua_revive.c - methods of a view for rows that are visited again (revive.h):
**   view:orphans({ "exact_dedup", "near_dedup" })   -- { near_dedup = { rows = { 3, 8 }, twins = { 1, 1 } } }, 2
**   view:rewind(from, rows)                   -- a view in which these rows stand, as `from` has them
**   view:texts_of(from)                       -- a view with the edits of `from`
**   view:among(rows)                          -- those of them that stand
**   view:twin_groups(names, others, rows, twins)   -- groups, those of which no row stands, and of these
**                                             those whose rows all fell to a twin or to one of `others`
** Rows are numbered from 1 and ascend. */
#include <lauxlib.h>

#include "corpus/lua_view.h"
#include "corpus/revive.h"

/* Gives each stage named in the list at arg a number, if it has none. */
static void number_stages(lua_State *L, const View *v, int arg) {
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_Integer n = luaL_len(L, arg);
  for (lua_Integer i = 1; i <= n; i++) {
    size_t len;
    lua_geti(L, arg, i);
    const char *name = luaL_checklstring(L, -1, &len);
    if (corpus_stage(v->corpus, span_of(name, len)) < 0) luaL_error(L, "too many stages");
    lua_pop(L, 1);
  }
}

static void mark_stages(lua_State *L, const View *v, int arg, uint8_t *of, uint8_t mark) {
  lua_Integer n = luaL_len(L, arg);
  for (lua_Integer i = 1; i <= n; i++) {
    size_t len;
    lua_geti(L, arg, i);
    const char *name = luaL_checklstring(L, -1, &len);
    of[corpus_stage(v->corpus, span_of(name, len))] = mark;
    lua_pop(L, 1);
  }
}

/* 1 for stages named in the list at arg, 2 for those at arg + 1 (if others), by their numbers: a
** userdata on the stack [-0, +1, v] */
static uint8_t *check_stages(lua_State *L, const View *v, int arg, int others, size_t *nstages) {
  number_stages(L, v, arg);
  if (others) number_stages(L, v, arg + 1);
  *nstages = corpus_stages(v->corpus);
  uint8_t *of = lua_newuserdatauv(L, *nstages + 1, 0);
  memset(of, 0, *nstages + 1);
  if (others) mark_stages(L, v, arg + 1, of, 2);
  mark_stages(L, v, arg, of, 1);
  return of;
}

/* The rows listed at arg, from 0: a userdata on the stack [-0, +1, v] */
static uint32_t *check_rows(lua_State *L, const View *v, int arg, size_t *n) {
  luaL_checktype(L, arg, LUA_TTABLE);
  *n = (size_t)luaL_len(L, arg);
  uint32_t *rows = lua_newuserdatauv(L, (*n + 1) * sizeof *rows, 0);
  for (size_t i = 0; i < *n; i++) {
    int whole;
    lua_geti(L, arg, (lua_Integer)i + 1);
    lua_Integer row = lua_tointegerx(L, -1, &whole);
    lua_pop(L, 1);
    if (!whole || row < 1 || row > (lua_Integer)v->corpus->nrows)
      luaL_error(L, "rows: expected row numbers from 1 to %I", (lua_Integer)v->corpus->nrows);
    rows[i] = (uint32_t)(row - 1);
  }
  return rows;
}

static const View *check_sibling(lua_State *L, int arg, const View *v) {
  const View *from = lua_checkview(L, arg);
  luaL_argcheck(L, from->corpus == v->corpus, arg, "expected a view of the same rows");
  return from;
}

static int push_view(lua_State *L, View *v) {
  if (v == NULL) return luaL_error(L, "not enough memory");
  lua_pushview(L, v);
  return 1;
}

/* The table { rows =, twins = } of a stage in the table at `out`; made when new [-0, +1, m] */
static void stage_table(lua_State *L, int out, const char *name) {
  if (lua_getfield(L, out, name) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 2);
  lua_newtable(L);
  lua_setfield(L, -2, "rows");
  lua_newtable(L);
  lua_setfield(L, -2, "twins");
  lua_pushvalue(L, -1);
  lua_setfield(L, out, name);
}

static void append(lua_State *L, const char *list, uint32_t row) {
  lua_getfield(L, -1, list);
  lua_pushinteger(L, (lua_Integer)row + 1);
  lua_rawseti(L, -2, luaL_len(L, -2) + 1);
  lua_pop(L, 1);
}

static int view_orphans_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t nstages;
  uint8_t *of = check_stages(L, v, 2, 0, &nstages);
  uint32_t *row = lua_newuserdatauv(L, (v->rejected + 1) * sizeof *row, 0);
  uint16_t *stage = lua_newuserdatauv(L, (v->rejected + 1) * sizeof *stage, 0);
  size_t n = view_orphans(v, of, nstages, row, stage);
  lua_newtable(L);
  int out = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    stage_table(L, out, corpus_stage_name(v->corpus, stage[i]));
    append(L, "rows", row[i]);
    append(L, "twins", view_verdict(v, row[i])->twin);
    lua_pop(L, 1);
  }
  lua_pushinteger(L, (lua_Integer)n);
  return 2;
}

static int view_rewind_(lua_State *L) {
  const View *v = lua_checkview(L, 1), *from = check_sibling(L, 2, v);
  size_t n;
  uint32_t *rows = check_rows(L, v, 3, &n);
  Error err;
  return push_view(L, view_rewind(v, from, rows, n, &err));
}

static int view_texts_of_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  return push_view(L, view_texts_of(v, check_sibling(L, 2, v)));
}

static int view_among(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t n;
  uint32_t *rows = check_rows(L, v, 2, &n);
  lua_newtable(L);
  lua_Integer found = 0;
  for (size_t i = 0; i < n; i++) {
    if (view_status(v, rows[i]) != STATUS_STANDING) continue;
    lua_pushinteger(L, (lua_Integer)rows[i] + 1);
    lua_rawseti(L, -2, ++found);
  }
  return 1;
}

static int view_twin_groups_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t nstages, n, ntwins;
  uint8_t *of = check_stages(L, v, 2, 1, &nstages);
  uint32_t *rows = check_rows(L, v, 4, &n), *twins = check_rows(L, v, 5, &ntwins);
  luaL_argcheck(L, n == ntwins, 5, "expected a twin for each row");
  RowLink *link = lua_newuserdatauv(L, (n + 1) * sizeof *link, 0);
  for (size_t i = 0; i < n; i++) link[i] = (RowLink){ rows[i], twins[i] };
  TwinGroups found;
  if (view_twin_groups(v, of, nstages, link, n, &found) != 0) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, (lua_Integer)found.groups);
  lua_pushinteger(L, (lua_Integer)found.empty);
  lua_pushinteger(L, (lua_Integer)found.failed);
  return 3;
}

void lua_open_view_revive(lua_State *L) {
  static const luaL_Reg METHODS[] = {
    { "orphans",     view_orphans_ },
    { "rewind",      view_rewind_ },
    { "texts_of",    view_texts_of_ },
    { "among",       view_among },
    { "twin_groups", view_twin_groups_ },
    { NULL,          NULL },
  };
  luaL_setfuncs(L, METHODS, 0);
}
