/* modules/corpus/lua_value.h - values between rows and Lua: interned values, and small JSON. */
#ifndef TAMIS_LUA_VALUE_H
#define TAMIS_LUA_VALUE_H

#include <lua.h>

#include "corpus/json.h"
#include "corpus/names.h"

/* Pushes a value; nil for VALUE_NONE [-0, +1, m]. */
void lua_pushrowvalue(lua_State *L, Value v);
/* The string, number or boolean at arg; VALUE_NONE for nil and none; raises for others. Its text
** lives as long as the Lua string [-0, +0, v]. */
Value lua_checkrowvalue(lua_State *L, int arg);
/* Pushes valid JSON as Lua values: objects and arrays as tables, exact integers, null as the value
** at index `null` of the stack (0: nil, which leaves the member out) [-0, +1, m]. */
void lua_pushjson(lua_State *L, const JsonValue *v, int null);

#endif
