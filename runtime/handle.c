/* runtime/handle.c - a stage that a recipe wrote itself: its native operator, and its corpus run,
** which sees the view through a handle that is void once the run is over (rowfn.h). */
#include <lauxlib.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/lua_rowop.h"
#include "corpus/lua_value.h"
#include "runtime/rowfn.h"
#include "runtime/rowproxy.h"
#include "runtime/transfer.h"

#define HANDLE_TYPE "tamis.handle"

/* ---- op(p) of a row stage ---- */

typedef struct NativeCall { lua_Integer number; Span params; RowOp *op; } NativeCall;

static int native_inside(lua_State *L) {
  NativeCall *c = lua_touserdata(L, 1);
  size_t at = 0;
  recipe_function(L, c->number);
  transfer_read(L, c->params, &at);
  lua_call(L, 1, 2);
  if (lua_isnil(L, -2) && lua_type(L, -1) == LUA_TSTRING) return luaL_error(L, "%s", lua_tostring(L, -1));
  if (luaL_testudata(L, -2, ROWOP_TYPE) == NULL)
    return luaL_error(L, "op must return a row operator, such as text.token_bounds{…}; it returned a %s",
                      luaL_typename(L, -2));
  c->op = rowop_ref(lua_checkrowop(L, -2));
  return 0;
}

RowOp *rowfn_native(Recipe *r, lua_Integer number, Span params, Error *err) {
  NativeCall c = { number, params, NULL };
  return recipe_run(r, 0, native_inside, &c, err) == 0 ? c.op : NULL;
}

/* ---- run(view, p) of a corpus stage ---- */

typedef struct Handle { View *view; Scratch *scratch; } Handle;   /* view NULL: void */

typedef struct CorpusCall {
  lua_Integer number;
  Span params;
  View *view;
  Scratch *scratch;
  Handle *handle;
  VerdictList *list;
  uint8_t *taken;          /* [nrows] 1: has a verdict already */
} CorpusCall;

static Handle *check_handle(lua_State *L) {
  Handle *h = luaL_checkudata(L, 1, HANDLE_TYPE);
  if (h->view == NULL) luaL_error(L, "this view is gone: it may be read only while run is called");
  return h;
}

static Row check_row(lua_State *L, Handle *h) {
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= i && i <= (lua_Integer)h->view->corpus->nrows, 2, "no row of that number");
  sandbox_charge(L, 20);
  return scratch_begin(h->scratch, h->view, (uint32_t)(i - 1));
}

static int handle_len(lua_State *L) {
  lua_pushinteger(L, check_handle(L)->view->corpus->nrows);
  return 1;
}

static int handle_field(lua_State *L) {
  Handle *h = check_handle(L);
  size_t len;
  const char *name = luaL_checklstring(L, 3, &len);
  Field f = field_by_name(span_of(name, len));
  luaL_argcheck(L, f != FIELD_NONE, 3, "expected system, input, output, alternative or assistant");
  Row row = check_row(L, h);
  if (corpus_row_state(h->view->corpus, row.index) != ROW_OK) lua_pushnil(L);
  else rowproxy_field(L, &row, f);
  return 1;
}

static int handle_key(lua_State *L) {
  Handle *h = check_handle(L);
  Span name;
  name.ptr = luaL_checklstring(L, 3, &name.len);
  Row row = check_row(L, h);
  lua_pushrowvalue(L, row_key(&row, name));
  return 1;
}

static int handle_standing(lua_State *L) {
  const View *v = check_handle(L)->view;
  sandbox_charge(L, v->corpus->nrows / 8);
  lua_newtable(L);
  lua_Integer n = 0;
  for (uint32_t i = 0; i < v->corpus->nrows; i++) {
    if (view_status(v, i) != STATUS_STANDING) continue;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static const luaL_Reg methods[] = {
  { "field", handle_field },
  { "key", handle_key },
  { "standing", handle_standing },
  { NULL, NULL }
};

static Handle *push_handle(lua_State *L, const CorpusCall *c) {
  Handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (Handle){ c->view, c->scratch };
  if (luaL_newmetatable(L, HANDLE_TYPE)) {
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, handle_len);
    lua_setfield(L, -2, "__len");
  }
  lua_setmetatable(L, -2);
  return h;
}

/* The place of a reason in the list; the text lives with the corpus. */
static uint32_t reason_index(lua_State *L, CorpusCall *c, Span reason) {
  Names *names = c->view->corpus->names;
  const char *text = names_text(names, names_intern(names, reason));
  uint32_t i = 0, room = sizeof c->list->reasons / sizeof c->list->reasons[0];
  while (i < room && c->list->reasons[i] != NULL) {
    if (strcmp(c->list->reasons[i], text) == 0) return i;
    i++;
  }
  if (i == room) luaL_error(L, "a stage may give %d reasons, no more", (int)room);
  c->list->reasons[i] = text;
  return i;
}

static uint32_t row_number(lua_State *L, const CorpusCall *c, int idx, const char *what) {
  int ok;
  lua_Integer i = lua_tointegerx(L, idx, &ok);
  if (!ok || i < 1 || i > (lua_Integer)c->view->corpus->nrows)
    luaL_error(L, "a verdict's %s must be the number of a row, 1 to %d", what, (int)c->view->corpus->nrows);
  return (uint32_t)(i - 1);
}

static int32_t detail_blob(lua_State *L, CorpusCall *c, int idx) {
  size_t len;
  const char *text = luaL_tolstring(L, idx, &len);
  Buf b = { 0 };
  int r = buf_str(&b, "{\"detail\":");
  if (r == 0) r = json_out_string(&b, span_of(text, len));
  if (r == 0) r = buf_char(&b, '}');
  int blob = r == 0 ? verdicts_add_blob(c->list, buf_span(&b)) : -1;
  buf_free(&b);
  if (blob < 0) luaL_error(L, "not enough memory");
  lua_pop(L, 1);
  return blob;
}

/* The verdict at the top, found under the key below it: a reason, or a table. */
static void take_verdict(lua_State *L, CorpusCall *c) {
  int v = lua_gettop(L);
  VerdictEntry e = { .twin = PLACE_NONE, .blob = -1 };
  Span reason;
  if (lua_type(L, v) == LUA_TSTRING) {
    e.row = row_number(L, c, v - 1, "row");
    reason.ptr = lua_tolstring(L, v, &reason.len);
  } else {
    if (!lua_istable(L, v)) luaL_error(L, "a verdict is a reason or a table { row =, reason =, … }");
    lua_getfield(L, v, "row");
    e.row = row_number(L, c, -1, "row");
    if (lua_getfield(L, v, "reason") != LUA_TSTRING) luaL_error(L, "a verdict needs a reason, a text");
    reason.ptr = lua_tolstring(L, -1, &reason.len);
    if (lua_getfield(L, v, "twin") != LUA_TNIL) e.twin = row_number(L, c, -1, "twin");
    lua_getfield(L, v, "value");
    e.value = lua_tonumber(L, -1);
    lua_getfield(L, v, "threshold");
    e.threshold = lua_tonumber(L, -1);
    if (lua_getfield(L, v, "detail") != LUA_TNIL) e.blob = detail_blob(L, c, lua_gettop(L));
  }
  if (reason.len == 0 || reason.len > 100) luaL_error(L, "a reason is a name of 1 to 100 bytes");
  if (view_status(c->view, e.row) != STATUS_STANDING)
    luaL_error(L, "row %d was rejected before this stage", (int)e.row + 1);
  if (c->taken[e.row]++) luaL_error(L, "row %d has two verdicts", (int)e.row + 1);
  e.reason = reason_index(L, c, reason);
  if (verdicts_add(c->list, e) != 0) luaL_error(L, "not enough memory");
  lua_settop(L, v);
}

static int corpus_inside(lua_State *L) {
  CorpusCall *c = lua_touserdata(L, 1);
  size_t at = 0;
  Handle *h = push_handle(L, c);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, HANDLE_TYPE ".current");   /* alive when handle_run voids it, after an error too */
  c->handle = h;
  recipe_function(L, c->number);
  lua_pushvalue(L, -2);
  transfer_read(L, c->params, &at);
  lua_call(L, 2, 2);
  c->handle->view = NULL;
  if (lua_isnil(L, -2) && lua_type(L, -1) == LUA_TSTRING) return luaL_error(L, "%s", lua_tostring(L, -1));
  if (lua_isnil(L, -2)) return 0;
  if (!lua_istable(L, -2)) return luaL_error(L, "run must return a table of verdicts, not a %s", luaL_typename(L, -2));
  lua_pop(L, 1);
  int table = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) take_verdict(L, c);
  return 0;
}

VerdictList *handle_run(Recipe *r, lua_Integer number, View *v, Span params, Error *err) {
  CorpusCall c = { .number = number, .params = params, .view = v };
  c.scratch = scratch_new(0);
  c.list = verdicts_new();
  c.taken = calloc((size_t)v->corpus->nrows + 1, 1);
  int bad = c.scratch == NULL || c.list == NULL || c.taken == NULL ? error_memory(err) : 0;
  if (!bad) {
    c.list->field = "row";
    bad = recipe_run(r, 0, corpus_inside, &c, err);
    if (c.handle != NULL) c.handle->view = NULL;
  }
  scratch_free(c.scratch);
  free(c.taken);
  if (!bad) return c.list;
  verdicts_free(c.list);
  return NULL;
}
