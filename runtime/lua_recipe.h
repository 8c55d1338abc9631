/* runtime/lua_recipe.h - recipes as the trusted scripts see them: require "host". */
#ifndef TAMIS_LUA_RECIPE_H
#define TAMIS_LUA_RECIPE_H

#include <lua.h>

#include "runtime/recipe.h"

int luaopen_host(lua_State *L);

#endif
