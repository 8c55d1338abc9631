/* modules/neardup/lua_index.c - neardup.idx and the rows that an earlier run kept, for the runner and
** the stage near_dedup.
**   index.write(view, { path =, fields =, turns =, dataset =, run = }, pool)   -- { rows =, bytes =, sha256 = }
**   index.open(path, pool)                      -- an index | nil, message ("interrupted")
**   index.peek(path)                            -- what it says of itself, without its texts
**   index.of_view(view, { fields =, turns =, dataset =, run = }, pool)         -- the same in memory
**   x:set_places({ "raw.jsonl" }, { { 1, 17 }, … })   -- source and line of each row
**   x:info()                                    -- { dataset =, run =, rows =, fields = { … }, turns = }
**   index.seen(view, params, { x, … }, pool)    -- verdicts and figures | nil, message; params as for
**                                                  neardup.leaders
**   index.only(verdicts, { 3, 9 })              -- leaves of what seen gave those on these rows
**   index.join(verdicts, seen)                  -- adds what seen gave to the verdicts of neardup.leaders */
#include <lauxlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_verdicts.h"
#include "neardup/lua_neardup.h"
#include "neardup/seen.h"

int luaopen_neardup_index(lua_State *L);

#define INDEX_TYPE "tamis.neardup_index"   /* userdata: an Index, emptied by __gc */

enum { FILE_MODE = 0600 };

static const char *const turns_names[] = { "all", "users", "first", "last" };

static int push_failure(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

static Index *new_index(lua_State *L) {
  Index *x = lua_newuserdatauv(L, sizeof *x, 0);
  *x = (Index){ 0 };
  luaL_setmetatable(L, INDEX_TYPE);
  return x;
}

static Index *check_index(lua_State *L, int arg) {
  Index *x = luaL_checkudata(L, arg, INDEX_TYPE);
  luaL_argcheck(L, x->start != NULL, arg, "index is closed");
  return x;
}

static int index_gc(lua_State *L) {
  index_free(luaL_checkudata(L, 1, INDEX_TYPE));
  return 0;
}

/* A string of the table at 2, which keeps it alive; raises if it is none. */
static Span check_string(lua_State *L, const char *key) {
  size_t len = 0;
  lua_getfield(L, 2, key);
  const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
  if (s == NULL) {
    luaL_error(L, "%s: expected a string, got %s", key, luaL_typename(L, -1));
    s = "";   /* not reached */
  }
  if (strlen(s) != len) luaL_error(L, "%s: expected a string without NULs", key);
  lua_pop(L, 1);
  return span_of(s, len);
}

static IndexSpec check_spec(lua_State *L) {
  return (IndexSpec){ check_string(L, "dataset"), check_string(L, "run"), lua_check_fields(L), lua_check_turns(L) };
}

static int f_write(lua_State *L) {
  View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 3);
  IndexSpec spec = check_spec(L);
  const char *path = check_string(L, "path").ptr;
  FileSum sum;
  Error err = { "" };
  if (index_write(v, &spec, path, FILE_MODE, pool, &sum, &err) != 0)
    return push_failure(L, &err);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, (lua_Integer)v->standing);
  lua_setfield(L, -2, "rows");
  lua_pushinteger(L, (lua_Integer)sum.bytes);
  lua_setfield(L, -2, "bytes");
  lua_pushstring(L, sum.sha256);
  lua_setfield(L, -2, "sha256");
  return 1;
}

static int f_open(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  Pool *pool = lua_optpool(L, 2);
  Error err = { "" };
  if (index_open(new_index(L), path, 0, pool, &err) != 0) return push_failure(L, &err);
  return 1;
}

/* [-0, +1, m] */
static void push_info(lua_State *L, const Index *x) {
  lua_createtable(L, 0, 4);
  lua_pushstring(L, x->dataset);
  lua_setfield(L, -2, "dataset");
  lua_pushstring(L, x->run);
  lua_setfield(L, -2, "run");
  lua_pushinteger(L, (lua_Integer)x->n);
  lua_setfield(L, -2, "rows");
  lua_createtable(L, FIELD_COUNT, 0);
  for (int f = 0, n = 0; f < FIELD_COUNT; f++) {
    if (!(x->fields >> f & 1)) continue;
    lua_pushstring(L, field_name((Field)f));
    lua_rawseti(L, -2, ++n);
  }
  lua_setfield(L, -2, "fields");
  if (x->turns.which == TURNS_TAIL) lua_pushinteger(L, x->turns.tail);
  else lua_pushstring(L, turns_names[x->turns.which]);
  lua_setfield(L, -2, "turns");
}

static int f_peek(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  Error err = { "" };
  Index *x = new_index(L);
  if (index_open(x, path, 1, NULL, &err) != 0) return push_failure(L, &err);
  push_info(L, x);
  index_free(x);
  return 1;
}

static int f_of_view(lua_State *L) {
  View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 3);
  IndexSpec spec = check_spec(L);
  Error err = { "" };
  if (index_of_view(new_index(L), v, &spec, pool, &err) != 0) return push_failure(L, &err);
  return 1;
}

static int index_info(lua_State *L) {
  push_info(L, check_index(L, 1));
  return 1;
}

/* Element k of the pair at the top. */
static uint32_t pair_number(lua_State *L, int k, lua_Integer max) {
  int whole;
  lua_geti(L, -1, k);
  lua_Integer n = lua_tointegerx(L, -1, &whole);
  if (!whole || n < 1 || n > max) luaL_error(L, "places: expected pairs of a source's number and a line");
  lua_pop(L, 1);
  return (uint32_t)n;
}

static int index_places(lua_State *L) {
  Index *x = check_index(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_Integer paths = luaL_len(L, 2);
  luaL_argcheck(L, 1 <= paths && paths <= UINT16_MAX, 2, "expected 1 to 65535 paths");
  luaL_argcheck(L, luaL_len(L, 3) == (lua_Integer)x->n, 3, "expected a place for each row");
  Span *path = lua_newuserdatauv(L, (size_t)paths * sizeof *path, 0);
  IndexPlace *place = lua_newuserdatauv(L, (x->n + 1) * sizeof *place, 0);
  for (lua_Integer s = 0; s < paths; s++) {
    luaL_argcheck(L, lua_geti(L, 2, s + 1) == LUA_TSTRING, 2, "expected paths");
    path[s].ptr = lua_tolstring(L, -1, &path[s].len);
    lua_pop(L, 1);
  }
  for (size_t i = 0; i < x->n; i++) {
    luaL_argcheck(L, lua_geti(L, 3, (lua_Integer)i + 1) == LUA_TTABLE, 3, "expected pairs");
    place[i].source = pair_number(L, 1, paths) - 1;
    place[i].line = pair_number(L, 2, UINT32_MAX);
    lua_pop(L, 1);
  }
  Error err = { "" };
  if (index_set_places(x, place, path, (size_t)paths, &err) != 0) return push_failure(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

/* The indexes in the list at 3: a userdata on the stack; the list keeps them. [-0, +1, v] */
static const Index **check_indexes(lua_State *L, unsigned fields, Turns turns, size_t *n) {
  luaL_checktype(L, 3, LUA_TTABLE);
  *n = (size_t)luaL_len(L, 3);
  const Index **index = lua_newuserdatauv(L, (*n + 1) * sizeof *index, 0);
  for (size_t k = 0; k < *n; k++) {
    lua_geti(L, 3, (lua_Integer)k + 1);
    index[k] = check_index(L, -1);
    luaL_argcheck(L, (fields & ~index[k]->fields) == 0, 3, "expected indexes that hold all the fields");
    luaL_argcheck(L, index[k]->turns.which == turns.which && index[k]->turns.tail == turns.tail, 3,
                  "expected indexes of the same turns");
    lua_pop(L, 1);
  }
  return index;
}

static int f_seen(lua_State *L) {
  View *v = lua_checkview(L, 1);
  LeaderParams p = lua_check_leaders(L);
  TemplateParams t = lua_check_template(L, &p);
  unsigned fields = lua_check_fields(L);
  Pool *pool = lua_optpool(L, 4);
  size_t n;
  const Index **index = check_indexes(L, fields, p.text.turns, &n);
  Error err = { "" };
  AgainstCounts counts;
  lua_newverdicts(L);
  VerdictList *list = neardup_seen(v, index, n, fields, &p, &t, pool, &counts, &err);
  if (list == NULL) return push_failure(L, &err);
  lua_setverdicts(L, list);
  lua_createtable(L, 0, 4);
  set_count(L, "kept_before", counts.kept);
  set_count(L, "seen", counts.matched);
  set_count(L, "copies", counts.copies);
  set_count(L, "candidates", counts.candidates);
  return 2;
}

/* only(verdicts, rows): leaves those on the rows, ascending numbers. */
static int f_only(lua_State *L) {
  VerdictList *list = lua_checkverdicts(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  size_t n = (size_t)luaL_len(L, 2);
  uint32_t *row = lua_newuserdatauv(L, (n + 1) * sizeof *row, 0);
  for (size_t i = 0; i < n; i++) {
    lua_geti(L, 2, (lua_Integer)i + 1);
    row[i] = (uint32_t)(luaL_checkinteger(L, -1) - 1);
    luaL_argcheck(L, i == 0 || row[i] > row[i - 1], 2, "expected ascending numbers of rows");
    lua_pop(L, 1);
  }
  neardup_seen_only(list, row, n);
  return 0;
}

/* join(verdicts, seen): adds what seen gave to other verdicts. */
static int f_join(lua_State *L) {
  if (neardup_seen_join(lua_checkverdicts(L, 1), lua_checkverdicts(L, 2)) != 0)
    return luaL_error(L, "not enough memory");
  return 0;
}

static const luaL_Reg functions[] = {
  { "write",   f_write },
  { "open",    f_open },
  { "peek",    f_peek },
  { "of_view", f_of_view },
  { "seen",    f_seen },
  { "only",    f_only },
  { "join",    f_join },
  { NULL, NULL }
};
static const luaL_Reg methods[] = {
  { "info",       index_info },
  { "set_places", index_places },
  { "close",      index_gc },
  { NULL, NULL }
};
static const luaL_Reg meta[] = { { "__gc", index_gc }, { "__close", index_gc }, { NULL, NULL } };

int luaopen_neardup_index(lua_State *L) {
  luaL_newmetatable(L, INDEX_TYPE);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
