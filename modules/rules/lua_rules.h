/* modules/rules/lua_rules.h - what the bindings of the rules share. */
#ifndef TAMIS_LUA_RULES_H
#define TAMIS_LUA_RULES_H

#include <lua.h>

int rules_lua_phrases(lua_State *L);   /* lua_phrases.c */
int rules_lua_chat(lua_State *L);      /* lua_chat.c */
int rules_lua_dates(lua_State *L);     /* lua_dates.c */
int rules_lua_completion(lua_State *L);

#endif
