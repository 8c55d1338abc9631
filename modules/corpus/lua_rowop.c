/* modules/corpus/lua_rowop.c - see lua_rowop.h */
#include "corpus/lua_rowop.h"

#include <lauxlib.h>

static int rowop_gc(lua_State *L) {
  RowOp **p = luaL_checkudata(L, 1, ROWOP_TYPE);
  RowOp *op = *p;
  *p = NULL;
  rowop_unref(op);
  return 0;
}

static const luaL_Reg METHODS[] = {
  { "__gc",    rowop_gc },
  { "__close", rowop_gc },
  { NULL,      NULL },
};

void lua_newrowop(lua_State *L) {
  RowOp **p = lua_newuserdatauv(L, sizeof *p, 0);
  *p = NULL;
  if (luaL_newmetatable(L, ROWOP_TYPE)) luaL_setfuncs(L, METHODS, 0);
  lua_setmetatable(L, -2);
}

void lua_setrowop(lua_State *L, RowOp *op) { *(RowOp **)lua_touserdata(L, -1) = op; }

/* [-1 light userdata, +1] */
static int push_protected(lua_State *L) {
  RowOp *op = lua_touserdata(L, 1);
  lua_newrowop(L);
  lua_setrowop(L, op);
  return 1;
}

void lua_pushrowop(lua_State *L, RowOp *op) {
  if (!lua_checkstack(L, 4)) {
    rowop_unref(op);
    luaL_error(L, "stack overflow");
  }
  lua_pushcfunction(L, push_protected);   /* a light C function: allocates nothing */
  lua_pushlightuserdata(L, op);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;
  rowop_unref(op);
  lua_error(L);
}

RowOp *lua_checkrowop(lua_State *L, int arg) {
  RowOp **p = luaL_checkudata(L, arg, ROWOP_TYPE);
  luaL_argcheck(L, *p != NULL, arg, "row operator is closed");
  return *p;
}

/* ---- scratch ---- */

static int scratch_gc(lua_State *L) {
  Scratch **p = lua_touserdata(L, 1);
  scratch_free(*p);
  *p = NULL;
  return 0;
}

Scratch *lua_pushscratch(lua_State *L) {
  Scratch **p = lua_newuserdatauv(L, sizeof *p, 0);
  *p = NULL;
  if (luaL_newmetatable(L, "tamis.scratch")) {
    lua_pushcfunction(L, scratch_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  *p = scratch_new(0);
  if (*p == NULL) luaL_error(L, "not enough memory");
  return *p;
}
