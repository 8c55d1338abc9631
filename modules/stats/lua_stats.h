/* modules/stats/lua_stats.h - columns of numbers (lua_stats.c) for other bindings. */
#ifndef TAMIS_LUA_STATS_H
#define TAMIS_LUA_STATS_H

#include <lua.h>
#include <stddef.h>

/* The numbers at arg, [n]; they live as long as the userdata. Raises if it is none. */
const double *lua_checknumbers(lua_State *L, int arg, size_t *n);

#endif
