/* modules/json/lua_decode.h - JSON as Lua values, for bindings and for the runtime.
** Whole numbers that fit are integers, exactly; null is a light userdata NULL. */
#ifndef TAMIS_LUA_DECODE_H
#define TAMIS_LUA_DECODE_H

#include <lua.h>

#include "corpus/json.h"

#define JSON_ARRAY_TYPE "tamis.json.array"   /* metatable of tables that are written as [] even when empty */

/* Pushes a value that was judged valid. arrays: arrays get the metatable JSON_ARRAY_TYPE. [-0, +1, e] */
void lua_pushdecoded(lua_State *L, const JsonValue *v, int arrays);
/* Judges the text and pushes its value; or nil and what is wrong with it. [-0, +1|2, e] */
int lua_decodejson(lua_State *L, Span text, int arrays);

#endif
