/* modules/corpus/lua_rowop.h - row operators as userdata of type ROWOP_TYPE. */
#ifndef TAMIS_LUA_ROWOP_H
#define TAMIS_LUA_ROWOP_H

#include <lua.h>

#include "corpus/rowop.h"

/* An empty operator userdata, to be filled by lua_setrowop once the kernel has made it: so that
** nothing is lost if Lua runs out of memory in between [-0, +1, m]. */
void lua_newrowop(lua_State *L);
/* The userdata at the top takes over op's one reference [-0, +0, -]. */
void lua_setrowop(lua_State *L, RowOp *op);
/* Pushes op, whose reference the userdata takes over, also when it raises [-0, +1, m]. */
void lua_pushrowop(lua_State *L, RowOp *op);
/* The operator at that argument; it belongs to the userdata. Raises if there is none [-0, +0, v]. */
RowOp *lua_checkrowop(lua_State *L, int arg);

/* A scratch that ends with the userdata that is pushed; raises if there is no memory [-0, +1, v]. */
Scratch *lua_pushscratch(lua_State *L);

#endif
