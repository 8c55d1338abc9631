/* modules/store/lua_ledger.c - the record of a run.
**   local ok, err = ledger.write(view, "run/ledger.db", { outputs = out.places,
**     stages = { { stage = "length", name = "length", params = "{}", seen = 9, removed = 1, seconds = 0.1 } },
**     revived = { { stage = "near_dedup", rows = { 7 }, twins = { 2 } } }, meta = { run_id = "…" } })
**   local list, err = ledger.pairs("run/ledger.db", "near_dedup")   -- a verdict list without verdicts, with the
**     pairs and clusters that the stage left: evidence for neardup.sweep */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/lua_corpus.h"
#include "corpus/lua_verdicts.h"
#include "export/lua_export.h"
#include "store/ledger.h"
#include "store/ledger_read.h"

/* ---- options: their strings live in the table at index 3 ---- */

static const char *opt_text(lua_State *L, const char *key) {
  const char *s = NULL;
  if (lua_getfield(L, -1, key) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "%s: expected a string, got a %s", key, luaL_typename(L, -1));
    s = lua_tostring(L, -1);
  }
  lua_pop(L, 1);
  return s;
}

static lua_Number opt_number(lua_State *L, const char *key) {
  lua_getfield(L, -1, key);
  lua_Number v = luaL_optnumber(L, -1, 0);
  lua_pop(L, 1);
  return v;
}

/* [-0, +1, m] the array stays on the stack */
static void check_stages(lua_State *L, LedgerOptions *o) {
  if (lua_getfield(L, 3, "stages") == LUA_TNIL) return;
  luaL_checktype(L, -1, LUA_TTABLE);
  o->nstages = (size_t)luaL_len(L, -1);
  LedgerStage *stage = lua_newuserdatauv(L, (o->nstages + 1) * sizeof *stage, 0);
  for (size_t i = 0; i < o->nstages; i++) {
    if (lua_geti(L, -2, (lua_Integer)i + 1) != LUA_TTABLE) luaL_error(L, "stages: expected a list of tables");
    stage[i] = (LedgerStage){
      .stage = opt_text(L, "stage"), .name = opt_text(L, "name"), .params = opt_text(L, "params"),
      .seen = (int64_t)opt_number(L, "seen"), .removed = (int64_t)opt_number(L, "removed"),
      .seconds = opt_number(L, "seconds"), .edited = (int64_t)opt_number(L, "edited"),
    };
    lua_pop(L, 1);
  }
  o->stage = stage;
}

/* The rows listed under key in the table at the top, from 0, *n of them: a userdata below that table
** [-1, +2, v] */
static const uint32_t *check_rows(lua_State *L, const char *key, const View *v, size_t *n) {
  if (lua_getfield(L, -1, key) != LUA_TTABLE) luaL_error(L, "revived: expected %s", key);
  *n = (size_t)luaL_len(L, -1);
  uint32_t *row = lua_newuserdatauv(L, (*n + 1) * sizeof *row, 0);
  for (size_t i = 0; i < *n; i++) {
    int whole;
    lua_geti(L, -2, (lua_Integer)i + 1);
    lua_Integer at = lua_tointegerx(L, -1, &whole);
    lua_pop(L, 1);
    if (!whole || at < 1 || at > (lua_Integer)v->corpus->nrows) luaL_error(L, "revived: expected numbers of rows");
    row[i] = (uint32_t)(at - 1);
  }
  lua_remove(L, -2);
  lua_insert(L, -2);
  return row;
}

static void check_revived(lua_State *L, const View *v, LedgerOptions *o) {
  if (lua_getfield(L, 3, "revived") == LUA_TNIL) return;
  luaL_checktype(L, -1, LUA_TTABLE);
  int list = lua_gettop(L);
  o->nrevived = (size_t)luaL_len(L, list);
  luaL_checkstack(L, 2 * (int)o->nrevived + 8, "too many stages");
  LedgerRevived *revived = lua_newuserdatauv(L, (o->nrevived + 1) * sizeof *revived, 0);
  for (size_t i = 0; i < o->nrevived; i++) {
    size_t twins;
    if (lua_geti(L, list, (lua_Integer)i + 1) != LUA_TTABLE) luaL_error(L, "revived: expected a list of tables");
    LedgerRevived *back = &revived[i];
    back->stage = opt_text(L, "stage");
    back->row = check_rows(L, "rows", v, &back->n);
    back->twin = check_rows(L, "twins", v, &twins);
    if (back->stage == NULL || twins != back->n) luaL_error(L, "revived: expected a stage, and a twin for each row");
    lua_pop(L, 1);
  }
  o->revived = revived;
}

/* Sorted by key, so that the same run writes the same file. */
static int by_key(const void *a, const void *b) {
  return strcmp(((const LedgerMeta *)a)->key, ((const LedgerMeta *)b)->key);
}

static void check_meta(lua_State *L, LedgerOptions *o) {
  if (lua_getfield(L, 3, "meta") == LUA_TNIL) return;
  luaL_checktype(L, -1, LUA_TTABLE);
  int table = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "meta: expected strings by name");
    o->nmeta++;
  }
  LedgerMeta *meta = lua_newuserdatauv(L, (o->nmeta + 1) * sizeof *meta, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1))
    meta[i++] = (LedgerMeta){ lua_tostring(L, -2), lua_tostring(L, -1) };
  qsort(meta, o->nmeta, sizeof *meta, by_key);
  o->meta = meta;
}

static int f_write(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  const char *path = luaL_checkstring(L, 2);
  LedgerOptions o = { 0 };
  Error err = { "" };
  if (lua_isnoneornil(L, 3)) {
    lua_settop(L, 2);
    lua_newtable(L);
  }
  lua_settop(L, 3);
  luaL_checktype(L, 3, LUA_TTABLE);
  if (lua_getfield(L, 3, "outputs") != LUA_TNIL) {
    o.outputs = lua_checkoutputs(L, 4);
    luaL_argcheck(L, o.outputs->nrows == v->corpus->nrows, 3, "outputs are of other rows");
  }
  check_stages(L, &o);
  check_revived(L, v, &o);
  check_meta(L, &o);
  if (ledger_write(v, path, &o, &err) != 0) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text[0] != '\0' ? err.text : "interrupted");
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

static int f_pairs(lua_State *L) {
  const char *path = luaL_checkstring(L, 1), *stage = luaL_checkstring(L, 2);
  Error err = { "" };
  lua_newverdicts(L);
  VerdictList *list = ledger_pairs(path, stage, &err);
  if (list == NULL) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  lua_setverdicts(L, list);
  return 1;
}

int luaopen_ledger(lua_State *L);
int luaopen_ledger(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = { { "write", f_write }, { "pairs", f_pairs }, { NULL, NULL } };
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
