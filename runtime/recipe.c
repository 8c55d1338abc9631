/* runtime/recipe.c - see recipe.h */
#include "runtime/recipe.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "corpus/lua_value.h"
#include "json/lua_decode.h"
#include "modules.h"
#include "runtime/embedded.h"
#include "runtime/transfer.h"

/* ---- what the prelude calls (scripts/recipe/prelude.lua) ---- */

static Recipe *recipe_of(lua_State *L) { return sandbox_of(L)->owner; }

static RecipeFile *find_file(const Recipe *r, const char *kind, const char *name) {
  for (size_t i = 0; i < r->nfiles; i++)
    if (strcmp(r->file[i].kind, kind) == 0 && strcmp(r->file[i].name, name) == 0) return &r->file[i];
  return NULL;
}

static RecipeFile *add_file(Recipe *r, const char *kind, const char *name) {
  RecipeFile *grown = realloc(r->file, (r->nfiles + 1) * sizeof *grown);
  if (grown == NULL) return NULL;
  r->file = grown;
  RecipeFile *f = &grown[r->nfiles];
  *f = (RecipeFile){ .kind = strdup(kind), .name = strdup(name) };
  r->nfiles++;   /* whatever it holds is freed with the recipe */
  return f->kind != NULL && f->name != NULL ? f : NULL;
}

/* host.source(kind, name): text, path; or nil, why. */
static int h_source(lua_State *L) {
  Recipe *r = recipe_of(L);
  const char *kind = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
  if (sandbox_of(L)->frozen) return luaL_error(L, "files are read while the recipe loads, not by a row function");
  RecipeFile *f = find_file(r, kind, name);
  if (f == NULL) {
    if (r->loader == NULL) return luaL_error(L, "this recipe asks for other files when it is loaded again: %s", name);
    f = add_file(r, kind, name);
    if (f == NULL || r->loader(r->loader_ctx, f) != 0) return luaL_error(L, "not enough memory to read %s", name);
  }
  if (f->path == NULL) {
    luaL_pushfail(L);
    lua_pushlstring(L, f->text != NULL ? f->text : "", f->len);
    return 2;
  }
  sandbox_charge(L, f->len / 4);
  lua_pushlstring(L, f->text, f->len);
  lua_pushstring(L, f->path);
  return 2;
}

/* host.embedded(name): the chunk of a script that recipes may see; nil if there is none. */
static int h_embedded(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  static const char *const SEEN[] = { "tamis", "nearest", "pii", "pii.classic", "pii.more", "pii.all", "pii.secrets" };
  int allowed = strncmp(name, "presets.", 8) == 0;
  for (size_t i = 0; i < sizeof SEEN / sizeof *SEEN; i++) allowed |= strcmp(name, SEEN[i]) == 0;
  const EmbeddedScript *s = allowed ? embedded_find(name) : NULL;
  if (s == NULL) {
    luaL_pushfail(L);
    return 1;
  }
  const char *chunk = lua_pushfstring(L, "=%s", name);
  if (luaL_loadbufferx(L, (const char *)s->bytes, s->len, chunk, "t") != LUA_OK) return lua_error(L);
  return 1;
}

/* host.native(name): a native module that recipes may see, read-only; nil if there is none. */
static int h_native(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  for (const Module *m = modules; m->name != NULL; m++) {
    if ((m->flags & MODULE_RECIPE) == 0 || strcmp(m->name, name) != 0) continue;
    luaL_requiref(L, m->name, m->open, 0);
    sandbox_charged(L);
    sandbox_readonly(L);
    return 1;
  }
  luaL_pushfail(L);
  return 1;
}

/* host.here(): file and line of the recipe's code that led here; the program's own chunks have
** names that begin with '='. */
static int h_here(lua_State *L) {
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (*ar.source != '@') continue;
    lua_pushstring(L, ar.source + 1);
    lua_pushinteger(L, ar.currentline);
    return 2;
  }
  lua_pushstring(L, recipe_of(L)->path);
  lua_pushinteger(L, 0);
  return 2;
}

static int h_json(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  sandbox_charge(L, len / 4);
  return lua_decodejson(L, span_of(text, len), 0);
}

static int h_readonly(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  sandbox_readonly(L);
  return 1;
}

/* host.global(name, value): what the prelude adds to the globals. */
static int h_global(lua_State *L) {
  lua_settop(L, 2);
  lua_pushglobaltable(L);
  lua_getmetatable(L, -1);
  lua_getfield(L, -1, "__index");
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_rawset(L, -3);
  return 0;
}

static const luaL_Reg host_functions[] = {
  { "source", h_source },
  { "embedded", h_embedded },
  { "native", h_native },
  { "here", h_here },
  { "json", h_json },
  { "readonly", h_readonly },
  { "global", h_global },
  { NULL, NULL }
};

/* ---- loading ---- */

static void push_host(lua_State *L, const Recipe *r) {
  size_t at = 0;
  luaL_newlib(L, host_functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  transfer_read(L, buf_span(&r->config), &at);
  lua_setfield(L, -2, "config");
}

/* Runs the prelude, which runs the recipe and returns its plan; leaves that in *plan. */
static int build(lua_State *L) {
  Recipe *r = recipe_of(L);
  Buf *plan = lua_touserdata(L, 1);
  const EmbeddedScript *prelude = embedded_find("recipe.prelude");
  if (prelude == NULL) return luaL_error(L, "no script 'recipe.prelude' in this program");
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, FUNCTIONS_KEY);
  int functions = lua_gettop(L);
  if (luaL_loadbufferx(L, (const char *)prelude->bytes, prelude->len, "=prelude", "t") != LUA_OK)
    return lua_error(L);
  push_host(L, r);
  lua_pushlstring(L, r->text, r->len);
  lua_pushstring(L, r->path);
  lua_call(L, 3, 1);
  transfer_write(L, -1, functions, plan);
  return 0;
}

void recipe_word(const Recipe *r, int w, int status, Error *err) {
  Sandbox *s = r->worker[w];
  const char *text = lua_type(s->L, -1) == LUA_TSTRING ? lua_tostring(s->L, -1) : "an error that is no text";
  if (status == LUA_ERRMEM)
    error_set(err, "%s needs more memory than the %zu MiB that a recipe may have; --trust lifts the limit",
              r->path, s->limit.memory >> 20);
  else error_set(err, "%s", text);
  lua_pop(s->L, 1);
}

/* Takes the last state away: it was not loaded, or is not like the others. */
static void drop_last(Recipe *r) {
  Sandbox *s = r->worker[--r->nworkers];
  r->worker[r->nworkers] = NULL;
  sandbox_close(s);
  free(s);
}

/* One state more; none, with err worded, unless 0. */
static int load_one(Recipe *r, Buf *plan, Error *err) {
  Sandbox *s = malloc(sizeof *s);
  if (s == NULL) return error_memory(err);
  if (sandbox_open(s, r->load_limit) != 0) {
    free(s);
    return error_memory(err);
  }
  int w = r->nworkers++;
  r->worker[w] = s;
  s->owner = r;
  s->trace = r->trace;
  if (!lua_checkstack(s->L, 8)) {
    drop_last(r);
    return error_memory(err);
  }
  lua_pushcfunction(s->L, build);
  lua_pushlightuserdata(s->L, plan);
  int status = sandbox_call(s, 1, 0);
  if (status != LUA_OK) {
    recipe_word(r, w, status, err);
    drop_last(r);
    return -1;
  }
  s->limit.work = r->call_limit.work;
  s->limit.seconds = r->call_limit.seconds;
  return 0;
}

int recipe_load(Recipe *r, int n, Error *err) {
  while (r->nworkers < n) {
    int first = r->nworkers == 0;
    Buf again = { 0 };
    int status = load_one(r, first ? &r->plan : &again, err);
    r->loader = NULL;
    if (status == 0 && !first && !span_eq(buf_span(&again), buf_span(&r->plan))) {
      drop_last(r);
      status = error_set(err, "%s builds another plan each time it is loaded: it depends on something outside", r->path);
    }
    buf_free(&again);
    if (status != 0) return -1;
  }
  return 0;
}

void recipe_function(lua_State *L, lua_Integer number) {
  lua_getfield(L, LUA_REGISTRYINDEX, FUNCTIONS_KEY);
  lua_rawgeti(L, -1, number);
  lua_remove(L, -2);
}

int recipe_run(Recipe *r, int w, lua_CFunction inside, void *ctx, Error *err) {
  Sandbox *s = r->worker[w];
  lua_settop(s->L, 0);
  lua_pushcfunction(s->L, inside);
  lua_pushlightuserdata(s->L, ctx);
  s->frozen = 1;
  int status = sandbox_call(s, 1, 0);
  if (status == LUA_OK) return 0;
  recipe_word(r, w, status, err);
  return -1;
}

/* ---- life ---- */

Recipe *recipe_new(const char *path, Span text) {
  Recipe *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  r->refs = 1;
  r->path = strdup(path);
  r->text = malloc(text.len + 1);
  r->len = text.len;
  if (r->path == NULL || r->text == NULL) {
    recipe_unref(r);
    return NULL;
  }
  memcpy(r->text, text.ptr, text.len);
  r->text[text.len] = '\0';
  return r;
}

Recipe *recipe_ref(Recipe *r) {
  r->refs++;
  return r;
}

void recipe_unref(Recipe *r) {
  if (r == NULL || --r->refs > 0) return;
  for (int i = 0; i < r->nworkers; i++) {
    sandbox_close(r->worker[i]);
    free(r->worker[i]);
  }
  for (size_t i = 0; i < r->nfiles; i++) {
    free(r->file[i].kind);
    free(r->file[i].name);
    free(r->file[i].path);
    free(r->file[i].text);
  }
  free(r->file);
  buf_free(&r->config);
  buf_free(&r->plan);
  free(r->path);
  free(r->text);
  free(r);
}
