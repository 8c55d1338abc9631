/* modules/vectors/lua_packed.c - vectors as strings of bytes, for the source `endpoint` of the stage embed.
**   packed.base64(text)          -- its bytes | nil, message
**   packed.numbers { 0.1, … }    -- 4 bytes a number, at most 16384 | nil, message
**   packed.MOST                  -- numbers that a vector may have: 16384
**   packed.finite(bytes)         -- is no number NaN or infinite?
**   local b = packed.builder(view, { rows = { … }, dim =, kind = "f32" or "f16", name = })
**   b:put(i, bytes)              -- that of rows[i], dim numbers
**   b:finish()                   -- the vectors; the builder is empty then */
#include <lauxlib.h>

#include "corpus/lua_corpus.h"
#include "vectors/lua_vectors.h"
#include "vectors/packed.h"

#define BUILDER_TYPE "tamis.packed.builder"

int luaopen_packed(lua_State *L);

typedef struct Builder {
  Vectors *vectors;
  float *x;               /* [dim] in user value 1 */
} Builder;

static Span check_bytes(lua_State *L, int arg) {
  Span s;
  s.ptr = luaL_checklstring(L, arg, &s.len);
  return s;
}

static int f_base64(lua_State *L) {
  Span text = check_bytes(L, 1);
  long n = packed_length(text);
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, n > 0 ? (size_t)n : 1);
  if (n >= 0 && packed_decode(text, out) == 0) {
    luaL_pushresultsize(&b, (size_t)n);
    return 1;
  }
  luaL_pushfail(L);
  lua_pushliteral(L, "no base64");
  return 2;
}

static int f_numbers(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer n = luaL_len(L, 1);
  luaL_argcheck(L, n >= 0, 1, "its length is negative");
  if (n > VECTORS_MAX_DIM) {
    luaL_pushfail(L);
    lua_pushfstring(L, "it has %I numbers, and a vector has at most %d", n, VECTORS_MAX_DIM);
    return 2;
  }
  float *x = lua_newuserdatauv(L, (size_t)n * sizeof *x + 1, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    if (lua_geti(L, 1, i) != LUA_TNUMBER) {
      luaL_pushfail(L);
      lua_pushfstring(L, "number %I is a %s", i, luaL_typename(L, -2));
      return 2;
    }
    x[i - 1] = (float)lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  luaL_Buffer b;
  packed_write(x, (size_t)n, luaL_buffinitsize(L, &b, (size_t)n * 4 + 1));
  luaL_pushresultsize(&b, (size_t)n * 4);
  return 1;
}

static int f_finite(lua_State *L) {
  Span bytes = check_bytes(L, 1);
  lua_pushboolean(L, packed_finite(bytes.ptr, bytes.len / 4));
  return 1;
}

/* ---- the builder ---- */

static int builder_gc(lua_State *L) {
  Builder *b = luaL_checkudata(L, 1, BUILDER_TYPE);
  Vectors *old = b->vectors;
  b->vectors = NULL;
  vectors_unref(old);
  return 0;
}

static Builder *check_builder(lua_State *L) {
  Builder *b = luaL_checkudata(L, 1, BUILDER_TYPE);
  luaL_argcheck(L, b->vectors != NULL, 1, "the builder is finished");
  return b;
}

/* The rows of the list at index t, from 0, in a userdata that stays on the stack. */
static uint32_t *push_rows(lua_State *L, int t, uint32_t nrows, uint32_t *n) {
  luaL_checktype(L, t, LUA_TTABLE);
  lua_Integer len = luaL_len(L, t), last = 0;
  luaL_argcheck(L, len <= nrows, 2, "more rows than there are");
  uint32_t *rows = lua_newuserdatauv(L, ((size_t)len + 1) * sizeof *rows, 0);
  for (lua_Integer i = 1; i <= len; i++) {
    lua_geti(L, t, i);
    lua_Integer row = luaL_checkinteger(L, -1);
    luaL_argcheck(L, row > last && row <= nrows, 2, "rows must ascend, from 1");
    rows[i - 1] = (uint32_t)(row - 1);
    last = row;
    lua_pop(L, 1);
  }
  *n = (uint32_t)len;
  return rows;
}

static int f_builder(lua_State *L) {
  static const char *const kinds[] = { "f32", "f16", NULL };
  View *view = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getfield(L, 2, "dim");
  lua_Integer dim = luaL_checkinteger(L, -1);
  luaL_argcheck(L, 1 <= dim && dim <= VECTORS_MAX_DIM, 2, "dim: expected 1 to 16384");
  lua_getfield(L, 2, "kind");
  int kind = luaL_checkoption(L, -1, "f32", kinds);
  lua_getfield(L, 2, "name");
  const char *name = luaL_checkstring(L, -1);
  lua_getfield(L, 2, "rows");
  uint32_t n;
  uint32_t *rows = push_rows(L, lua_gettop(L), view->corpus->nrows, &n);
  Builder *b = lua_newuserdatauv(L, sizeof *b, 1);
  *b = (Builder){ NULL, NULL };
  luaL_setmetatable(L, BUILDER_TYPE);
  b->x = lua_newuserdatauv(L, (size_t)dim * sizeof *b->x, 0);
  lua_setiuservalue(L, -2, 1);
  if (vectors_new(&b->vectors, view->corpus->nrows, rows, n, (uint32_t)dim, (VectorKind)kind, name) != 0)
    return luaL_error(L, "not enough memory");
  b->vectors->meaning = 1;
  return 1;
}

static int builder_put(lua_State *L) {
  Builder *b = check_builder(L);
  lua_Integer i = luaL_checkinteger(L, 2);
  Span bytes = check_bytes(L, 3);
  luaL_argcheck(L, 1 <= i && i <= (lua_Integer)b->vectors->n, 2, "there is no such row in the list");
  luaL_argcheck(L, bytes.len == (size_t)b->vectors->dim * 4, 3, "expected dim numbers of 4 bytes");
  packed_read(bytes.ptr, b->vectors->dim, b->x);
  vectors_put(b->vectors, (uint32_t)(i - 1), b->x);
  return 0;
}

static int builder_finish(lua_State *L) {
  Builder *b = check_builder(L);
  lua_newvectors(L);
  vectors_close(b->vectors);
  lua_setvectors(L, b->vectors);
  b->vectors = NULL;
  return 1;
}

static const luaL_Reg FUNCTIONS[] = {
  { "base64", f_base64 }, { "numbers", f_numbers }, { "finite", f_finite },
  { "builder", f_builder }, { NULL, NULL },
};
static const luaL_Reg BUILDER_METHODS[] = {
  { "put", builder_put }, { "finish", builder_finish }, { "__gc", builder_gc }, { NULL, NULL },
};

int luaopen_packed(lua_State *L) {
  luaL_newmetatable(L, BUILDER_TYPE);
  luaL_setfuncs(L, BUILDER_METHODS, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, FUNCTIONS);
  lua_pushinteger(L, VECTORS_MAX_DIM);
  lua_setfield(L, -2, "MOST");
  return 1;
}
