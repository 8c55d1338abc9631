/* modules/core/lua_core.h - the pool as bindings of other modules take it from Lua. */
#ifndef TAMIS_LUA_CORE_H
#define TAMIS_LUA_CORE_H

#include <lua.h>

#include "core/pool.h"

#define POOL_TYPE "tamis.pool"   /* userdata: a Pool *, freed by its __gc; its method table is made by luaopen_core */

/* The pool at arg; raises if it is none or closed. [-0, +0, v] */
Pool *lua_checkpool(lua_State *L, int arg);
/* The same, or NULL (one thread) for nil or none. [-0, +0, v] */
Pool *lua_optpool(lua_State *L, int arg);

#endif
