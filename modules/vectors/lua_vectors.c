/* modules/vectors/lua_vectors.c - one vector a row, for Lua. Rows are numbered from 1.
** On plain tables of numbers, for everyone:
**   vectors.cosine(a, b)                     -- -1 to 1; 0 where one is all zero
** For the stages:
**   vectors.of(view [, name])                -- the vectors that an embed stage left (the last), or nil
**   vectors.attach(view, name, v)            -- a view that has them | nil, message
**   vectors.embed(view, embedder, { fields = { "input" }, kind = "f32" or "f16", rows = { … } or nil }, pool)
**                                            -- vectors | nil, message ("interrupted"); rows nil: those that stand,
**                                            -- and those rejected as copies, which may come back
**   vectors.make(view, { [row] = { 0.1, … } or nil, … }, { dim = 3, kind =, name = })   -- vectors given one by one
**   vectors.op(v, reject, tell)              -- a row operator: rejects rows without one (no_vector, bad_vector), or
**                                               tells them in the metric no_vector: 1 missing, 2 zero, 3 not finite
**   vectors.library()                        -- what computes products of matrices
**   #v, v:dim(), v:kind(), v:name(), v:meaning(), v:has(row), v:vector(row), v:cosine(row, row)
**   v:states(view)                           -- of its standing rows { ok =, missing =, zero =, not_finite =, first = }
**   v:embedder()                             -- or nil; e:embed(text) -> table; e:dim(), e:name(), e:meaning() */
#include "vectors/lua_vectors.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "core/lua_core.h"
#include "core/lua_type.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_rowop.h"
#include "vectors/dense.h"
#include "vectors/vectors_op.h"

#define VECTORS_LUA_TYPE "tamis.vectors"
#define EMBEDDER_LUA_TYPE "tamis.embedder"

int luaopen_vectors(lua_State *L);

/* ---- the handles ---- */

typedef struct EmbedderBox {
  Embedder *embedder;
  void *room;             /* made when a text is first embedded from Lua */
  float *x;
} EmbedderBox;

static int vectors_gc(lua_State *L) {
  Vectors **v = luaL_checkudata(L, 1, VECTORS_LUA_TYPE);
  Vectors *old = *v;
  *v = NULL;
  vectors_unref(old);
  return 0;
}

static int embedder_gc(lua_State *L) {
  EmbedderBox *b = luaL_checkudata(L, 1, EMBEDDER_LUA_TYPE);
  EmbedderBox old = *b;
  *b = (EmbedderBox){ 0 };
  if (old.room != NULL) old.embedder->room_free(old.room);
  free(old.x);
  embedder_unref(old.embedder);
  return 0;
}

Vectors *lua_checkvectors(lua_State *L, int arg) {
  Vectors **v = luaL_checkudata(L, arg, VECTORS_LUA_TYPE);
  luaL_argcheck(L, *v != NULL, arg, "the vectors were not made, or are closed");
  return *v;
}

static EmbedderBox *check_box(lua_State *L, int arg) {
  EmbedderBox *b = luaL_checkudata(L, arg, EMBEDDER_LUA_TYPE);
  luaL_argcheck(L, b->embedder != NULL, arg, "the embedder was not made");
  return b;
}

Embedder *lua_checkembedder(lua_State *L, int arg) { return check_box(L, arg)->embedder; }

/* ---- fields ---- */

unsigned lua_checkfields(lua_State *L, int t, const char *key, unsigned otherwise) {
  unsigned set = 0;
  if (lua_getfield(L, t, key) == LUA_TNIL) {
    lua_pop(L, 1);
    return otherwise;
  }
  if (!lua_istable(L, -1)) luaL_error(L, "%s: expected a list of field names", key);
  lua_Integer n = luaL_len(L, -1);
  for (lua_Integer i = 1; i <= n; i++) {
    size_t len = 0;
    lua_geti(L, -1, i);
    const char *name = lua_tolstring(L, -1, &len);
    Field f = name == NULL ? FIELD_NONE : field_by_name(span_of(name, len));
    if (f == FIELD_NONE) luaL_error(L, "%s[%d]: expected the name of a field", key, (int)i);
    set |= 1u << f;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (set == 0) luaL_error(L, "%s: expected one field or more", key);
  return set;
}

/* ---- vectors ---- */

static int fail(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

static int none(lua_State *L) {
  luaL_pushfail(L);
  return 1;
}

static int f_of(lua_State *L) {
  View *view = lua_checkview(L, 1);
  size_t len;
  const char *name = luaL_optlstring(L, 2, "", &len);
  lua_newvectors(L);
  Vectors *v = vectors_of(view, span_of(name, len));
  if (v == NULL) return none(L);
  lua_setvectors(L, vectors_ref(v));
  return 1;
}

static int f_attach(lua_State *L) {
  View *view = lua_checkview(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  Vectors *v = lua_checkvectors(L, 3);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 3, "the vectors are of other rows");
  Error err = { "" };
  View *child = view_attach(view, span_of(name, len), &v->base, &err);
  if (child == NULL) return fail(L, &err);
  lua_pushview(L, child);
  return 1;
}

static const char *const kinds[] = { "f32", "f16", NULL };

static VectorKind check_kind(lua_State *L, int t) {
  lua_getfield(L, t, "kind");
  int kind = luaL_checkoption(L, -1, "f32", kinds);
  lua_pop(L, 1);
  return (VectorKind)kind;
}

/* Rows from 1, ascending, at t.rows as numbers from 0 in a userdata that is pushed; NULL and nil where absent. */
static uint32_t *check_rows(lua_State *L, int t, uint32_t nrows, uint32_t *n) {
  if (lua_getfield(L, t, "rows") == LUA_TNIL) return NULL;
  luaL_argexpected(L, lua_istable(L, -1), t, "table of rows");
  int list = lua_gettop(L);
  lua_Integer len = luaL_len(L, list), last = 0;
  luaL_argcheck(L, len <= nrows, t, "more rows than there are");
  uint32_t *rows = lua_newuserdatauv(L, ((size_t)len + 1) * sizeof *rows, 0);
  for (lua_Integer i = 1; i <= len; i++) {
    lua_geti(L, list, i);
    lua_Integer row = luaL_checkinteger(L, -1);
    luaL_argcheck(L, row > last && row <= nrows, t, "rows must ascend, from 1");
    rows[i - 1] = (uint32_t)(row - 1);
    last = row;
    lua_pop(L, 1);
  }
  lua_remove(L, list);
  *n = (uint32_t)len;
  return rows;
}

static int f_embed(lua_State *L) {
  View *view = lua_checkview(L, 1);
  Embedder *e = lua_checkembedder(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  unsigned fields = lua_checkfields(L, 3, "fields", 1u << FIELD_INPUT);
  VectorKind kind = check_kind(L, 3);
  uint32_t n = 0;
  uint32_t *rows = check_rows(L, 3, view->corpus->nrows, &n);
  lua_newvectors(L);
  Error err = { "" };
  Vectors *v;
  if (vectors_embed(view, e, fields, kind, rows, n, pool, &v, &err) != 0) return fail(L, &err);
  lua_setvectors(L, v);
  return 1;
}

/* The vector at the top of the stack into x[dim]. */
static void read_vector(lua_State *L, lua_Integer row, float *x, uint32_t dim) {
  if (!lua_istable(L, -1) || luaL_len(L, -1) != (lua_Integer)dim)
    luaL_error(L, "row %d: expected a table of %d numbers", (int)row, (int)dim);
  for (uint32_t i = 0; i < dim; i++) {
    if (lua_geti(L, -1, (lua_Integer)i + 1) != LUA_TNUMBER) luaL_error(L, "row %d: expected numbers", (int)row);
    x[i] = (float)lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
}

static int f_make(lua_State *L) {
  uint32_t nrows = lua_checkview(L, 1)->corpus->nrows;
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_getfield(L, 3, "dim");
  lua_Integer dim = luaL_checkinteger(L, -1);
  luaL_argcheck(L, 1 <= dim && dim <= VECTORS_MAX_DIM, 3, "dim: expected 1 to 16384");
  lua_getfield(L, 3, "name");
  const char *name = luaL_optstring(L, -1, "given");
  VectorKind kind = check_kind(L, 3);
  uint32_t *rows = lua_newuserdatauv(L, ((size_t)nrows + 1) * sizeof *rows, 0);
  float *x = lua_newuserdatauv(L, (size_t)dim * sizeof *x, 0);
  for (uint32_t i = 0; i < nrows; i++) rows[i] = i;
  lua_newvectors(L);
  Vectors *v;
  if (vectors_new(&v, nrows, rows, nrows, (uint32_t)dim, kind, name) != 0) return luaL_error(L, "not enough memory");
  lua_setvectors(L, v);
  for (uint32_t i = 0; i < nrows; i++) {
    if (lua_geti(L, 2, (lua_Integer)i + 1) != LUA_TNIL) {
      read_vector(L, (lua_Integer)i + 1, x, (uint32_t)dim);
      vectors_put(v, i, x);
    }
    lua_pop(L, 1);
  }
  vectors_close(v);
  return 1;
}

static int f_op(lua_State *L) {
  Vectors *v = lua_checkvectors(L, 1);
  int reject = lua_toboolean(L, 2), tell = lua_toboolean(L, 3);
  lua_newrowop(L);
  RowOp *op = vectors_op(v, reject, tell);
  if (op == NULL) return luaL_error(L, "not enough memory");
  lua_setrowop(L, op);
  return 1;
}

static int f_library(lua_State *L) {
  lua_pushstring(L, dense_library());
  return 1;
}

/* ---- what they say ---- */

static int v_len(lua_State *L) {
  lua_pushinteger(L, lua_checkvectors(L, 1)->n);
  return 1;
}

static int v_dim(lua_State *L) {
  lua_pushinteger(L, lua_checkvectors(L, 1)->dim);
  return 1;
}

static int v_kind(lua_State *L) {
  lua_pushstring(L, kinds[lua_checkvectors(L, 1)->kind]);
  return 1;
}

static int v_name(lua_State *L) {
  lua_pushstring(L, lua_checkvectors(L, 1)->name);
  return 1;
}

static int v_meaning(lua_State *L) {
  lua_pushboolean(L, lua_checkvectors(L, 1)->meaning);
  return 1;
}

/* The slot of a row's vector, VECTOR_NONE where it has none. */
static uint32_t check_slot(lua_State *L, const Vectors *v, int arg) {
  lua_Integer row = luaL_checkinteger(L, arg);
  luaL_argcheck(L, 1 <= row && row <= v->nrows, arg, "there is no such row");
  return v->slot[row - 1];
}

static int v_has(lua_State *L) {
  Vectors *v = lua_checkvectors(L, 1);
  lua_pushboolean(L, check_slot(L, v, 2) != VECTOR_NONE);
  return 1;
}

static void push_numbers(lua_State *L, const float *x, uint32_t dim) {
  lua_createtable(L, (int)dim, 0);
  for (uint32_t i = 0; i < dim; i++) {
    lua_pushnumber(L, (lua_Number)x[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static int v_vector(lua_State *L) {
  Vectors *v = lua_checkvectors(L, 1);
  uint32_t slot = check_slot(L, v, 2);
  if (slot == VECTOR_NONE) return none(L);
  float *room = lua_newuserdatauv(L, v->dim * sizeof *room, 0);
  push_numbers(L, vectors_get(v, slot, room), v->dim);
  return 1;
}

static int v_cosine(lua_State *L) {
  Vectors *v = lua_checkvectors(L, 1);
  uint32_t a = check_slot(L, v, 2), b = check_slot(L, v, 3);
  if (a == VECTOR_NONE || b == VECTOR_NONE) return none(L);
  lua_pushnumber(L, vectors_cosine(v, a, b));
  return 1;
}

static int v_states(lua_State *L) {
  static const char *const names[] = { "ok", "missing", "zero", "not_finite" };
  Vectors *v = lua_checkvectors(L, 1);
  const View *view = lua_checkview(L, 2);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 2, "the vectors are of other rows");
  lua_Integer count[4] = { 0 }, first = 0;
  for (uint32_t row = 0; row < v->nrows; row++) {
    if (view_status(view, row) != STATUS_STANDING) continue;
    count[v->state[row]]++;
    if (v->state[row] != VECTOR_OK && first == 0) first = (lua_Integer)row + 1;
  }
  lua_createtable(L, 0, 5);
  for (int i = 0; i < 4; i++) {
    lua_pushinteger(L, count[i]);
    lua_setfield(L, -2, names[i]);
  }
  if (first == 0) return 1;
  lua_pushinteger(L, first);
  lua_setfield(L, -2, "first");
  return 1;
}

static int v_embedder(lua_State *L) {
  Vectors *v = lua_checkvectors(L, 1);
  if (v->embedder == NULL) return none(L);
  lua_newembedder(L);
  lua_setembedder(L, embedder_ref(v->embedder));
  return 1;
}

/* ---- an embedder ---- */

static int e_embed(lua_State *L) {
  EmbedderBox *b = check_box(L, 1);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  Embedder *e = b->embedder;
  if (b->room == NULL) b->room = e->room_new(e);
  if (b->x == NULL) b->x = malloc(e->dim * sizeof *b->x);
  if (b->room == NULL || b->x == NULL || e->embed(e, b->room, span_of(text, len), b->x) != 0)
    return luaL_error(L, "not enough memory");
  push_numbers(L, b->x, e->dim);
  return 1;
}

static int e_dim(lua_State *L) {
  lua_pushinteger(L, lua_checkembedder(L, 1)->dim);
  return 1;
}

static int e_name(lua_State *L) {
  lua_pushstring(L, lua_checkembedder(L, 1)->name);
  return 1;
}

static int e_meaning(lua_State *L) {
  lua_pushboolean(L, lua_checkembedder(L, 1)->meaning);
  return 1;
}

/* ---- on plain tables ---- */

static float *check_numbers(lua_State *L, int arg, uint32_t *n) {
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_Integer len = luaL_len(L, arg);
  luaL_argcheck(L, 1 <= len && len <= VECTORS_MAX_DIM, arg, "expected 1 to 16384 numbers");
  float *x = lua_newuserdatauv(L, (size_t)len * sizeof *x, 0);
  for (lua_Integer i = 1; i <= len; i++) {
    lua_geti(L, arg, i);
    luaL_argcheck(L, lua_isnumber(L, -1), arg, "expected numbers");
    x[i - 1] = (float)lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  *n = (uint32_t)len;
  return x;
}

static int f_cosine(lua_State *L) {
  uint32_t n, m;
  float *a = check_numbers(L, 1, &n), *b = check_numbers(L, 2, &m);
  luaL_argcheck(L, n == m, 2, "expected as many numbers as the first has");
  lua_pushnumber(L, vectors_cosine_of(a, b, n));
  return 1;
}

/* ---- types ---- */

static const luaL_Reg VECTORS_METHODS[] = {
  { "dim", v_dim },         { "kind", v_kind },     { "name", v_name },     { "meaning", v_meaning },
  { "has", v_has },         { "vector", v_vector }, { "cosine", v_cosine }, { "states", v_states },
  { "embedder", v_embedder }, { "close", vectors_gc }, { "__len", v_len },  { "__gc", vectors_gc },
  { "__close", vectors_gc }, { NULL, NULL },
};

static const luaL_Reg EMBEDDER_METHODS[] = {
  { "embed", e_embed }, { "dim", e_dim }, { "name", e_name }, { "meaning", e_meaning }, { "__gc", embedder_gc },
  { NULL, NULL },
};

void lua_newvectors(lua_State *L) {
  Vectors **v = lua_newuserdatauv(L, sizeof *v, 0);
  *v = NULL;
  lua_newtype(L, VECTORS_LUA_TYPE, VECTORS_METHODS, VECTORS_METHODS);
  luaL_setmetatable(L, VECTORS_LUA_TYPE);
}

void lua_setvectors(lua_State *L, Vectors *v) { *(Vectors **)lua_touserdata(L, -1) = v; }

void lua_newembedder(lua_State *L) {
  EmbedderBox *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (EmbedderBox){ 0 };
  lua_newtype(L, EMBEDDER_LUA_TYPE, EMBEDDER_METHODS, EMBEDDER_METHODS);
  luaL_setmetatable(L, EMBEDDER_LUA_TYPE);
}

void lua_setembedder(lua_State *L, Embedder *e) { ((EmbedderBox *)lua_touserdata(L, -1))->embedder = e; }

static const luaL_Reg FUNCTIONS[] = {
  { "cosine", f_cosine }, { "of", f_of }, { "attach", f_attach }, { "embed", f_embed }, { "make", f_make },
  { "op", f_op },         { "library", f_library }, { NULL, NULL },
};

int luaopen_vectors(lua_State *L) {
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
