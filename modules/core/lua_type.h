/* modules/core/lua_type.h - the metatable of a userdata type, for bindings. */
#ifndef TAMIS_LUA_TYPE_H
#define TAMIS_LUA_TYPE_H

#include <lauxlib.h>

/* Makes the metatable of that name once, with the functions of `meta` (__gc, __len, …); `methods` are what its objects
** answer to, NULL: nothing. They may be the same list. [-0, +0, m] */
void lua_newtype(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods);

#endif
