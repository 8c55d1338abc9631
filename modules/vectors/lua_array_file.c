/* modules/vectors/lua_array_file.c - vectors in files, for embed{ file } (scripts/embed/file.lua).
**   array_file.look(path, array)             -- rows, numbers a row, of a file not yet read whole | nil, message
**   local f = array_file.open(path, array)   -- "": the one there is | nil, message; f:rows(), f:dim(), f:close()
**   local ids = array_file.ids { path = "ids.txt", kind = "lines" or "json" or "array", at = path or name,
**                            rows = of an array: how many ids it must have }   -- | nil, message; #ids
**   array_file.vectors(view, { f, … }, { kind = "f32" or "f16", name =, ids =, id = path }, pool)
**                                            -- vectors, ids that no row has | nil, message ("interrupted") */
#include <lauxlib.h>

#include "core/lua_core.h"
#include "core/lua_type.h"
#include "corpus/lua_corpus.h"
#include "vectors/from_file.h"
#include "vectors/lua_vectors.h"

#define FILE_TYPE "tamis.array_file"
#define IDS_TYPE "tamis.array_ids"

int luaopen_array_file(lua_State *L);

static int fail(lua_State *L, int result, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, result == POOL_INTERRUPTED || err->text[0] == '\0' ? "interrupted" : err->text);
  return 2;
}

static Span check_span(lua_State *L, int arg) {
  Span s;
  s.ptr = luaL_checklstring(L, arg, &s.len);
  return s;
}

/* ---- a file ---- */

static int file_gc(lua_State *L) {
  array_file_close(luaL_checkudata(L, 1, FILE_TYPE));
  return 0;
}

static ArrayFile *check_file(lua_State *L, int arg) {
  ArrayFile *f = luaL_checkudata(L, arg, FILE_TYPE);
  luaL_argcheck(L, f->dim > 0, arg, "the file is closed");
  return f;
}

static ArrayFile *new_file(lua_State *L) {
  ArrayFile *f = lua_newuserdatauv(L, sizeof *f, 0);
  *f = (ArrayFile){ .data = NULL };
  luaL_setmetatable(L, FILE_TYPE);
  return f;
}

static int f_open(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  Span array = check_span(L, 2);
  Error err = { "" };
  ArrayFile *f = new_file(L);
  int result = array_file_open(f, path, array, &err);
  return result == 0 ? 1 : fail(L, result, &err);
}

static int f_look(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  Span array = check_span(L, 2);
  Error err = { "" };
  ArrayFile *f = new_file(L);
  int result = array_file_look(f, path, array, &err);
  if (result != 0) return fail(L, result, &err);
  lua_pushinteger(L, (lua_Integer)f->rows);
  lua_pushinteger(L, f->dim);
  array_file_close(f);
  return 2;
}

static int file_rows(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_file(L, 1)->rows);
  return 1;
}

static int file_dim(lua_State *L) {
  lua_pushinteger(L, check_file(L, 1)->dim);
  return 1;
}

/* ---- ids ---- */

static int ids_gc(lua_State *L) {
  ids_free(luaL_checkudata(L, 1, IDS_TYPE));
  return 0;
}

static int ids_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)((Ids *)luaL_checkudata(L, 1, IDS_TYPE))->n);
  return 1;
}

static const char *const id_kinds[] = { "lines", "json", "array", NULL };
enum { ID_LINES, ID_JSON, ID_ARRAY };

static int f_ids(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "path");
  const char *path = luaL_checkstring(L, -1);
  lua_getfield(L, 1, "kind");
  int kind = luaL_checkoption(L, -1, NULL, id_kinds);
  lua_getfield(L, 1, "at");
  Span at;
  at.ptr = luaL_optlstring(L, -1, "", &at.len);
  uint64_t rows = 0;
  if (kind == ID_ARRAY) {
    lua_getfield(L, 1, "rows");
    rows = (uint64_t)luaL_checkinteger(L, -1);
  }
  Ids *ids = lua_newuserdatauv(L, sizeof *ids, 0);
  *ids = (Ids){ 0 };
  luaL_setmetatable(L, IDS_TYPE);
  Error err = { "" };
  int result = kind == ID_ARRAY ? ids_array(ids, path, at, rows, &err) : ids_file(ids, path, kind == ID_JSON, at, &err);
  return result == 0 ? 1 : fail(L, result, &err);
}

/* ---- vectors ---- */

static const char *const storage[] = { "f32", "f16", NULL };

/* The list of files at index t as an array, which stays on the stack. */
static const ArrayFile **push_files(lua_State *L, int t, size_t *n) {
  luaL_checktype(L, t, LUA_TTABLE);
  lua_Integer len = luaL_len(L, t);
  luaL_argcheck(L, 1 <= len && len <= UINT16_MAX, t, "expected 1 to 65535 files");
  const ArrayFile **list = lua_newuserdatauv(L, (size_t)len * sizeof *list, 0);
  for (lua_Integer i = 1; i <= len; i++) {
    lua_geti(L, t, i);
    list[i - 1] = check_file(L, -1);
    luaL_argcheck(L, list[i - 1]->dim == list[0]->dim, t, "expected files of as many numbers a row");
    lua_pop(L, 1);
  }
  *n = (size_t)len;
  return list;
}

static int f_vectors(lua_State *L) {
  View *view = lua_checkview(L, 1);
  FromFile from = { .nfiles = 0 };
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  lua_settop(L, 4);
  from.file = push_files(L, 2, &from.nfiles);
  lua_getfield(L, 3, "kind");
  from.kind = (VectorKind)luaL_checkoption(L, -1, "f32", storage);
  lua_getfield(L, 3, "name");
  from.name = luaL_checkstring(L, -1);
  if (lua_getfield(L, 3, "ids") != LUA_TNIL) {
    from.ids = luaL_checkudata(L, -1, IDS_TYPE);
    luaL_argcheck(L, from.nfiles == 1 && from.ids->table != NULL, 3, "ids: expected those of one file");
    lua_getfield(L, 3, "id");
    from.id = check_span(L, -1);
  } else luaL_argcheck(L, from.nfiles == 1 || from.nfiles == view->corpus->nsources, 2, "expected a file a source");
  lua_newvectors(L);
  Error err = { "" };
  Vectors *v;
  if (vectors_from_file(view, &from, pool, &v, &err) != 0) return fail(L, -1, &err);
  lua_setvectors(L, v);
  lua_pushinteger(L, from.unmatched);
  return 2;
}

/* ---- types ---- */

static const luaL_Reg FUNCTIONS[] = {
  { "open", f_open }, { "look", f_look }, { "ids", f_ids }, { "vectors", f_vectors }, { NULL, NULL },
};
static const luaL_Reg FILE_METHODS[] = {
  { "rows", file_rows }, { "dim", file_dim }, { "close", file_gc }, { "__gc", file_gc }, { "__close", file_gc },
  { NULL, NULL },
};
static const luaL_Reg IDS_METHODS[] = { { "__len", ids_len }, { "__gc", ids_gc }, { NULL, NULL } };

int luaopen_array_file(lua_State *L) {
  lua_newtype(L, FILE_TYPE, FILE_METHODS, FILE_METHODS);
  lua_newtype(L, IDS_TYPE, IDS_METHODS, IDS_METHODS);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
