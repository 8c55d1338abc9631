/* modules/core/lua_keys.h - the keys of a table in an order that does not depend on the state that holds it:
** numbers by value, then texts by their bytes, then false and true. */
#ifndef TAMIS_LUA_KEYS_H
#define TAMIS_LUA_KEYS_H

#include <lua.h>

/* Pushes an array of the keys of the table at idx (raw, no metamethods) and returns how many
** there are. Raises if a key is a table, a function or another object. [-0, +1, e] */
lua_Integer keys_sorted(lua_State *L, int idx);

#endif
