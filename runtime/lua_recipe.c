/* runtime/lua_recipe.c - recipes as the trusted scripts see them.
**   local r, err = host.recipe { text =, path =, load = function(kind, name) … end,
**                                args =, stages =, limits = {…}, trace = }
**   r:plan()                        -- plain data; functions are markers { number, file, line }
**   r:call(marker, ...)             -- true, values…; or nil, message
**   r:row_op(marker, {…})           -- a row operator over a function of the recipe (rowfn.h)
** Only copies cross: see transfer.h. */
#include "runtime/lua_recipe.h"

#include <lauxlib.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_rowop.h"
#include "core/lua_buf.h"
#include "corpus/lua_verdicts.h"
#include "lang/lang.h"
#include "http/http.h"
#include "modules.h"
#include "runtime/embedded.h"
#include "runtime/rowfn.h"
#include "runtime/transfer.h"
#include "vectors/dense.h"

#define RECIPE_TYPE "tamis.recipe"

typedef struct RecipeBox { Recipe *recipe; } RecipeBox;   /* NULL once closed */

static Recipe *check_recipe(lua_State *L, int arg) {
  RecipeBox *b = luaL_checkudata(L, arg, RECIPE_TYPE);
  luaL_argcheck(L, b->recipe != NULL, arg, "recipe is closed");
  return b->recipe;
}

static const Marker *check_marker(lua_State *L, int arg) {
  const Marker *m = luaL_testudata(L, arg, MARKER_TYPE);
  if (m == NULL) luaL_argerror(L, arg, "expected a function of the recipe");
  return m;
}

static int push_error(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text);
  return 2;
}

/* ---- loading ---- */

typedef struct LoadCall { lua_State *L; int fn; } LoadCall;   /* fn: stack index of spec.load */

static char *copy_text(lua_State *L, int idx, size_t *len) {
  const char *text = luaL_tolstring(L, idx, len);
  char *copy = malloc(*len + 1);
  if (copy != NULL) memcpy(copy, text, *len + 1);
  lua_pop(L, 1);
  return copy;
}

/* Upvalue-free and protected, so that an error of the trusted side does not jump over a sandbox. */
static int call_loader(lua_State *L) {
  RecipeFile *f = lua_touserdata(L, 2);
  lua_pushvalue(L, 1);
  lua_pushstring(L, f->kind);
  lua_pushstring(L, f->name);
  lua_call(L, 2, 2);
  size_t n;
  int found = lua_type(L, -2) == LUA_TSTRING;
  if (found) f->path = copy_text(L, -1, &n);
  f->text = copy_text(L, found ? -2 : -1, &f->len);
  if (f->text == NULL || (found && f->path == NULL)) return luaL_error(L, "not enough memory");
  return 0;
}

static int load_file(void *ctx, RecipeFile *f) {
  LoadCall *c = ctx;
  if (!lua_checkstack(c->L, 4)) return -1;
  lua_pushcfunction(c->L, call_loader);
  lua_pushvalue(c->L, c->fn);
  lua_pushlightuserdata(c->L, f);
  int status = lua_pcall(c->L, 2, 0, 0);
  if (status == LUA_OK) return 0;
  size_t len = 0;
  const char *why = status == LUA_ERRRUN && lua_type(c->L, -1) == LUA_TSTRING ? lua_tolstring(c->L, -1, &len) : NULL;
  free(f->text);
  free(f->path);
  f->path = NULL;
  f->len = len;
  f->text = why != NULL ? strndup(why, len) : NULL;
  lua_pop(c->L, 1);
  return f->text != NULL ? 0 : -1;
}

static SandboxLimits read_limits(lua_State *L, int idx, const char *name) {
  SandboxLimits limit = { 0 };
  if (lua_getfield(L, idx, name) == LUA_TTABLE) {
    lua_getfield(L, -1, "work");
    lua_getfield(L, -2, "memory");
    lua_getfield(L, -3, "seconds");
    limit.work = (uint64_t)lua_tointeger(L, -3);
    limit.memory = (size_t)lua_tointeger(L, -2);
    limit.seconds = lua_tonumber(L, -1);
    lua_pop(L, 3);
  }
  lua_pop(L, 1);
  return limit;
}

static int f_recipe(lua_State *L) {
  size_t len;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "text");
  lua_getfield(L, 1, "path");
  lua_getfield(L, 1, "load");
  luaL_checktype(L, 4, LUA_TFUNCTION);
  const char *text = luaL_checklstring(L, 2, &len), *path = luaL_checkstring(L, 3);
  RecipeBox *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (RecipeBox){ 0 };
  luaL_setmetatable(L, RECIPE_TYPE);
  Recipe *r = box->recipe = recipe_new(path, span_of(text, len));
  if (r == NULL) return luaL_error(L, "not enough memory");
  lua_getfield(L, 1, "config");
  transfer_write(L, -1, 0, &r->config);
  lua_pop(L, 1);
  r->load_limit = read_limits(L, 1, "load_limit");
  r->call_limit = read_limits(L, 1, "call_limit");
  lua_getfield(L, 1, "trace");
  r->trace = lua_toboolean(L, -1);
  lua_pop(L, 1);
  LoadCall call = { L, 4 };
  r->loader = load_file;
  r->loader_ctx = &call;
  Error err;
  if (recipe_load(r, 1, &err) != 0) return push_error(L, &err);
  return 1;
}

static int recipe_m_plan(lua_State *L) {
  Recipe *r = check_recipe(L, 1);
  size_t at = 0;
  transfer_read(L, buf_span(&r->plan), &at);
  return 1;
}

static int recipe_m_close(lua_State *L) {
  RecipeBox *b = luaL_checkudata(L, 1, RECIPE_TYPE);
  recipe_unref(b->recipe);
  b->recipe = NULL;
  return 0;
}

/* ---- calling ---- */

typedef struct Crossing { const Buf *in; Buf *out; lua_Integer number; } Crossing;

/* In the sandbox: function number(arguments in `in`) -> `out`. */
static int call_inside(lua_State *L) {
  Crossing *c = lua_touserdata(L, 1);
  size_t at = 0;
  lua_settop(L, 0);
  recipe_function(L, c->number);
  while (at < c->in->len) {
    luaL_checkstack(L, 4, "too many arguments");
    transfer_read(L, buf_span(c->in), &at);
  }
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  for (int i = 1, n = lua_gettop(L); i <= n; i++) transfer_write(L, i, 0, c->out);
  return 0;
}

/* r:call(marker, ...): true and what it returned; nil and a message. */
static int recipe_m_call(lua_State *L) {
  Recipe *r = check_recipe(L, 1);
  lua_Integer number = check_marker(L, 2)->number;
  int n = lua_gettop(L);
  Buf *in = lua_newbuf(L), *out = lua_newbuf(L);
  for (int i = 3; i <= n; i++) transfer_write(L, i, 0, in);
  Crossing c = { in, out, number };
  Error err;
  if (recipe_run(r, 0, call_inside, &c, &err) != 0) return push_error(L, &err);
  lua_pushboolean(L, 1);
  int base = lua_gettop(L);
  for (size_t at = 0; at < out->len;) {
    luaL_checkstack(L, 4, NULL);
    transfer_read(L, buf_span(out), &at);
  }
  return lua_gettop(L) - base + 1;
}

static RowFnKind check_kind(lua_State *L, int arg) {
  static const char *const kinds[] = { "filter", "map", "row", "rank", "topic", NULL };
  return (RowFnKind)luaL_checkoption(L, arg, "filter", kinds);
}

/* Of a topic, from the table at t, which keeps the texts [-0, +2, v]. */
static void check_topic(lua_State *L, int t, RowFnSpec *spec) {
  lua_getfield(L, t, "annotation");
  lua_getfield(L, t, "otherwise");
  if (spec->kind != ROWFN_TOPIC) return;
  spec->annotation = luaL_checkstring(L, -2);
  spec->otherwise = luaL_checkstring(L, -1);
}

/* r:row_op(marker, { kind =, stage =, threads =, serial =, params =, annotation =, otherwise = }): a row operator; the
** last two of a topic. */
static int recipe_m_row_op(lua_State *L) {
  Recipe *r = check_recipe(L, 1);
  const Marker *marker = check_marker(L, 2);
  RowFnSpec spec = { .number = marker->number, .file = marker->file, .line = marker->line };
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  lua_getfield(L, 3, "kind");
  lua_getfield(L, 3, "stage");
  lua_getfield(L, 3, "threads");
  lua_getfield(L, 3, "serial");
  spec.kind = check_kind(L, 4);
  spec.stage = luaL_checkstring(L, 5);
  spec.threads = (int)luaL_optinteger(L, 6, 1);
  spec.serial = lua_toboolean(L, 7);
  luaL_argcheck(L, 1 <= spec.threads && spec.threads <= RECIPE_MAX_WORKERS, 3, "expected 1 to 1024 threads");
  check_topic(L, 3, &spec);
  Buf *params = lua_newbuf(L);
  lua_getfield(L, 3, "params");
  if (!lua_isnil(L, -1)) transfer_write(L, -1, 0, params);
  spec.params = buf_span(params);
  lua_pop(L, 1);
  Error err;
  RowOp *op = rowfn_new(r, &spec, &err);
  if (op == NULL) return push_error(L, &err);
  lua_pushrowop(L, op);
  return 1;
}

/* r:check_row_op(op): true; or nil and what the function changed that it must not. */
static int recipe_m_check_row_op(lua_State *L) {
  Error err;
  check_recipe(L, 1);
  if (rowfn_check(lua_checkrowop(L, 2), &err) != 0) return push_error(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

/* r:native_op(marker, params): the operator that a stage's `op` of the recipe returns. */
static int recipe_m_native_op(lua_State *L) {
  Recipe *r = check_recipe(L, 1);
  lua_Integer number = check_marker(L, 2)->number;
  Buf *in = lua_newbuf(L);
  lua_settop(L, 4);
  transfer_write(L, 3, 0, in);
  Error err;
  RowOp *op = rowfn_native(r, number, buf_span(in), &err);
  if (op == NULL) return push_error(L, &err);
  lua_pushrowop(L, op);
  return 1;
}

/* r:corpus_run(marker, view, params): the verdicts that a corpus stage of the recipe gives. */
static int recipe_m_corpus_run(lua_State *L) {
  Recipe *r = check_recipe(L, 1);
  lua_Integer number = check_marker(L, 2)->number;
  View *v = lua_checkview(L, 3);
  Buf *in = lua_newbuf(L);
  lua_settop(L, 5);
  transfer_write(L, 4, 0, in);
  lua_newverdicts(L);
  Error err;
  VerdictList *list = handle_run(r, number, v, buf_span(in), &err);
  if (list == NULL) return push_error(L, &err);
  lua_setverdicts(L, list);
  return 1;
}

/* ---- what is in the program ---- */

/* host.scripts(prefix): names of embedded scripts that begin with it, in order. */
static int f_scripts(lua_State *L) {
  size_t len;
  const char *prefix = luaL_optlstring(L, 1, "", &len);
  lua_newtable(L);
  lua_Integer n = 0;
  for (const EmbeddedScript *s = embedded_scripts; s->name != NULL; s++) {
    if (strncmp(s->name, prefix, len) != 0) continue;
    lua_pushstring(L, s->name);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* host.script(name): the text of an embedded script; nil if there is none. */
static int f_script(lua_State *L) {
  const EmbeddedScript *s = embedded_find(luaL_checkstring(L, 1));
  if (s == NULL) luaL_pushfail(L);
  else lua_pushlstring(L, (const char *)s->bytes, s->len);
  return 1;
}

/* host.libraries(): what this program is made of, { name = version }. */
static int f_libraries(lua_State *L) {
  const struct { const char *name, *version; } list[] = {
    { "lua_release", LUA_RELEASE },
    { "zlib", zlibVersion() },
    { "zstd", ZSTD_versionString() },
    { "sqlite", sqlite3_libversion() },
    { "openssl", OpenSSL_version(OPENSSL_VERSION) },
    { "cld2", lang_version() },          /* with the date of its tables: they decide what it tells */
    { "curl", http_library() },
    { "matrices", dense_library() },     /* with the CPU's kernels: a projection or clusters rest on their last bits */
  };
  lua_newtable(L);
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    lua_pushstring(L, list[i].version);
    lua_setfield(L, -2, list[i].name);
  }
  return 1;
}

/* host.modules(): { name =, doc =, recipe = true where recipes may require it }, in order. */
static int f_modules(lua_State *L) {
  lua_newtable(L);
  for (const Module *m = modules; m->name != NULL; m++) {
    lua_createtable(L, 0, 3);
    lua_pushstring(L, m->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, m->doc);
    lua_setfield(L, -2, "doc");
    lua_pushboolean(L, (m->flags & MODULE_RECIPE) != 0);
    lua_setfield(L, -2, "recipe");
    lua_rawseti(L, -2, m - modules + 1);
  }
  return 1;
}

/* host.row_function(fn, { kind =, stage = }): a row operator over a function of this state, for what
** the user types; a recipe's functions go by r:row_op. */
static int f_row_function(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getfield(L, 2, "kind");
  lua_getfield(L, 2, "stage");
  RowFnSpec spec = { .kind = check_kind(L, 3), .stage = luaL_checkstring(L, 4) };
  check_topic(L, 2, &spec);
  lua_pushvalue(L, 1);
  Error err;
  RowOp *op = rowfn_here(L, &spec, &err);
  if (op == NULL) return push_error(L, &err);
  lua_pushrowop(L, op);
  return 1;
}

static int f_is_function(lua_State *L) {
  lua_pushboolean(L, luaL_testudata(L, 1, MARKER_TYPE) != NULL);
  return 1;
}

static const luaL_Reg functions[] = {
  { "recipe", f_recipe },
  { "scripts", f_scripts },
  { "script", f_script },
  { "modules", f_modules },
  { "row_function", f_row_function },
  { "is_function", f_is_function },
  { "libraries", f_libraries },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "plan", recipe_m_plan },
  { "call", recipe_m_call },
  { "row_op", recipe_m_row_op },
  { "check_row_op", recipe_m_check_row_op },
  { "native_op", recipe_m_native_op },
  { "corpus_run", recipe_m_corpus_run },
  { "close", recipe_m_close },
  { "__gc", recipe_m_close },
  { "__close", recipe_m_close },
  { NULL, NULL }
};

int luaopen_host(lua_State *L) {
  transfer_open_markers(L);
  luaL_newmetatable(L, RECIPE_TYPE);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  lua_pushliteral(L, TAMIS_VERSION);
  lua_setfield(L, -2, "version");
  return 1;
}
