/* modules/export/lua_export.c - the rows of a view as files.
**   local list = export.check(view, { format = "pairs" })      -- verdicts on rows that do not fit
**   local out, err = export.write(view, { dir = "run", format = "messages", pool = pool,
**     splits = { { "train", 0.95 }, { "valid", 0.05 } }, group = "metadata.user", seed = 42 })
**   out[1].name, .path, .rows, .bytes, .sha256; out.fingerprint; out.places for the ledger
** Options: dir, format (nil: as read), system, extra = "keep"|"drop", own = { [format] = {keys} },
** include = { names }, rejected = true|"full"|"refs"|false, splits, group, seed, pool, mode;
** weight = "weight", weight_metric = "balance.weight": a key that gets that metric. */
#include "export/lua_export.h"

#include <lauxlib.h>

#include "corpus/lua_corpus.h"
#include "corpus/lua_verdicts.h"

enum { MAX_OWN = 256 };

typedef struct Args {
  ExportOptions o;
  ExportSplit split[EXPORT_MAX_SPLITS];
  Span include[EXPORT_MAX_INCLUDE];
  ExportOwn own[MAX_OWN];
  Pool *pool;
} Args;

const ExportOutputs *lua_checkoutputs(lua_State *L, int arg) {
  ExportOutputs **p = luaL_checkudata(L, arg, OUTPUTS_TYPE);
  luaL_argcheck(L, *p != NULL, arg, "outputs are closed");
  return *p;
}

static int outputs_gc(lua_State *L) {
  ExportOutputs **p = luaL_checkudata(L, 1, OUTPUTS_TYPE);
  export_outputs_free(*p);
  *p = NULL;
  return 0;
}

/* ---- options: the table is at index 2, which keeps the strings alive ---- */

/* The string at the top, popped; raises if it is none. */
static Span take_string(lua_State *L, const char *key) {
  if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "%s: expected a string, got a %s", key, luaL_typename(L, -1));
  Span s;
  s.ptr = lua_tolstring(L, -1, &s.len);
  lua_pop(L, 1);
  return s;
}

static Span opt_string(lua_State *L, const char *key) {
  if (lua_getfield(L, 2, key) == LUA_TNIL) {
    lua_pop(L, 1);
    return (Span){ 0 };
  }
  return take_string(L, key);
}

/* Pushes a table field and returns its length; pushes nothing and returns -1 for nil. */
static lua_Integer opt_list(lua_State *L, const char *key, lua_Integer max) {
  int type = lua_getfield(L, 2, key);
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    return -1;
  }
  if (type != LUA_TTABLE) luaL_error(L, "%s: expected a list, got a %s", key, luaL_typename(L, -1));
  lua_Integer n = luaL_len(L, -1);
  if (n > max) luaL_error(L, "%s: expected at most %I entries, got %I", key, max, n);
  return n;
}

static void check_split_name(lua_State *L, Span name) {
  int good = name.len > 0 && name.len <= 64 && memchr(name.ptr, '\0', name.len) == NULL &&
             memchr(name.ptr, '/', name.len) == NULL && name.ptr[0] != '.';
  if (!good || span_eq(name, span_str("rejected")) || span_eq(name, span_str("quarantined")))
    luaL_error(L, "splits: \"%s\" cannot be the name of a file", name.ptr);
}

static void check_splits(lua_State *L, Args *a) {
  lua_Integer n = opt_list(L, "splits", EXPORT_MAX_SPLITS);
  double sum = 0;
  if (n < 0) return;
  for (lua_Integer i = 0; i < n; i++) {
    if (lua_geti(L, -1, i + 1) != LUA_TTABLE) luaL_error(L, "splits: expected a list of { name, share }");
    lua_geti(L, -1, 1);
    Span name = take_string(L, "splits");
    check_split_name(L, name);
    for (lua_Integer k = 0; k < i; k++)
      if (strcmp(a->split[k].name, name.ptr) == 0) luaL_error(L, "splits: two are called %s", name.ptr);
    lua_geti(L, -1, 2);
    double share = luaL_checknumber(L, -1);
    if (!(share >= 0 && share <= 1)) luaL_error(L, "splits: expected shares from 0 to 1, got %f", share);
    a->split[i] = (ExportSplit){ name.ptr, share };
    sum += share;
    lua_pop(L, 2);
  }
  if (n > 0 && !(sum > 0.999999 && sum < 1.000001)) luaL_error(L, "splits: the shares add up to %f, expected 1", sum);
  a->o.split = a->split;
  a->o.nsplits = (size_t)n;
  lua_pop(L, 1);
}

static void check_include(lua_State *L, Args *a) {
  lua_Integer n = opt_list(L, "include", EXPORT_MAX_INCLUDE);
  if (n < 0) return;
  for (lua_Integer i = 0; i < n; i++) {
    lua_geti(L, -1, i + 1);
    a->include[i] = take_string(L, "include");
  }
  a->o.include = a->include;
  a->o.ninclude = (size_t)n;
  lua_pop(L, 1);
}

static void check_own(lua_State *L, Args *a) {
  if (opt_list(L, "own", MAX_OWN) < 0) return;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1)) luaL_error(L, "own: expected { format = { keys } }");
    Span format;
    format.ptr = lua_tolstring(L, -2, &format.len);
    lua_Integer n = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= n; i++) {
      if (a->o.nown == MAX_OWN) luaL_error(L, "own: expected at most %d keys", MAX_OWN);
      lua_geti(L, -1, i);
      a->own[a->o.nown++] = (ExportOwn){ format, take_string(L, "own") };
    }
  }
  a->o.own = a->own;
  lua_pop(L, 1);
}

static void check_rejected(lua_State *L, Args *a) {
  int type = lua_getfield(L, 2, "rejected");
  if (type == LUA_TNIL || type == LUA_TBOOLEAN) {
    a->o.rejected = type == LUA_TBOOLEAN && !lua_toboolean(L, -1) ? EXPORT_REJECTED_NONE : EXPORT_REJECTED_FULL;
    lua_pop(L, 1);
    return;
  }
  Span s = take_string(L, "rejected");
  if (span_eq(s, span_str("refs"))) a->o.rejected = EXPORT_REJECTED_REFS;
  else if (!span_eq(s, span_str("full"))) luaL_error(L, "rejected: expected true, \"full\", \"refs\" or false");
}

static void check_options(lua_State *L, Args *a) {
  memset(a, 0, sizeof *a);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  Span format = opt_string(L, "format"), extra = opt_string(L, "extra"), dir = opt_string(L, "dir");
  int f = format.ptr == NULL ? EXPORT_AS_READ : export_format_by_name(format);
  if (f < 0) luaL_error(L, "format: unknown format \"%s\"", format.ptr);
  a->o.format = (ExportFormat)f;
  a->o.dir = dir.ptr == NULL ? "." : dir.ptr;
  a->o.system = opt_string(L, "system");
  a->o.group = opt_string(L, "group");
  a->o.weight = opt_string(L, "weight");
  a->o.weight_metric = opt_string(L, "weight_metric");
  if (a->o.weight_metric.ptr == NULL) a->o.weight = (Span){ 0 };
  a->o.drop_extra = extra.ptr != NULL && span_eq(extra, span_str("drop"));
  if (extra.ptr != NULL && !a->o.drop_extra && !span_eq(extra, span_str("keep")))
    luaL_error(L, "extra: expected \"keep\" or \"drop\"");
  check_splits(L, a);
  check_include(L, a);
  check_own(L, a);
  check_rejected(L, a);
  lua_getfield(L, 2, "seed");
  a->o.seed = (uint64_t)luaL_optinteger(L, -1, 0);
  lua_getfield(L, 2, "mode");
  a->o.mode = (unsigned)luaL_optinteger(L, -1, 0600);
  lua_getfield(L, 2, "pool");
  a->pool = lua_optpool(L, -1);
}

/* ---- the two functions ---- */

static int fail(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

static void set_integer(lua_State *L, const char *key, uint64_t v) {
  lua_pushinteger(L, (lua_Integer)v);
  lua_setfield(L, -2, key);
}

static void push_outputs(lua_State *L, const ExportOutputs *all) {
  lua_createtable(L, (int)all->n, 3);
  for (size_t i = 0; i < all->n; i++) {
    const ExportOutput *out = &all->output[i];
    lua_createtable(L, 0, 6);
    lua_pushstring(L, out->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, out->path);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, out->sum.sha256);
    lua_setfield(L, -2, "sha256");
    set_integer(L, "rows", out->rows);
    set_integer(L, "bytes", out->sum.bytes);
    lua_pushboolean(L, i < all->nkept);
    lua_setfield(L, -2, "kept");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_pushstring(L, all->fingerprint);
  lua_setfield(L, -2, "fingerprint");
}

static int f_write(lua_State *L) {
  Args a;
  Error err = { "" };
  const View *v = lua_checkview(L, 1);
  check_options(L, &a);
  ExportOutputs **p = lua_newuserdatauv(L, sizeof *p, 0);
  *p = NULL;
  luaL_setmetatable(L, OUTPUTS_TYPE);
  int places = lua_gettop(L);
  *p = export_write(v, &a.o, a.pool, &err);
  if (*p == NULL) return fail(L, &err);
  push_outputs(L, *p);
  lua_pushvalue(L, places);
  lua_setfield(L, -2, "places");
  return 1;
}

static int f_check(lua_State *L) {
  Args a;
  Error err = { "" };
  const View *v = lua_checkview(L, 1);
  check_options(L, &a);
  lua_newverdicts(L);
  VerdictList *list = export_check(v, &a.o, a.pool, &err);
  if (list == NULL) return fail(L, &err);
  lua_setverdicts(L, list);
  return 1;
}

int luaopen_export(lua_State *L);
int luaopen_export(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = { { "write", f_write }, { "check", f_check }, { NULL, NULL } };
  if (luaL_newmetatable(L, OUTPUTS_TYPE)) {
    lua_pushcfunction(L, outputs_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_pop(L, 1);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
