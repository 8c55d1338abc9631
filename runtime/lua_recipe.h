/* runtime/lua_recipe.h - recipes as the trusted scripts see them: require "host". */
#ifndef TAMIS_LUA_RECIPE_H
#define TAMIS_LUA_RECIPE_H

#include <lua.h>

#include "runtime/recipe.h"

int luaopen_host(lua_State *L);

/* The function's number in the marker at arg (transfer.h); raises if it is none. [-0, +0, v] */
lua_Integer lua_checkmarker(lua_State *L, int arg);

#endif
