/* modules/text/lua_bag.h - the kinds of features of a bag (text/bag.h) as Lua names them. */
#ifndef TAMIS_LUA_BAG_H
#define TAMIS_LUA_BAG_H

#include <lua.h>

/* The set BAG_… of the list at that index: "word", "bigram", "char". Raises where it is no list, empty, or holds
** another name [-0, +0, v]. */
unsigned lua_checkfeatures(lua_State *L, int at);

#endif
