/* modules/neardup/lua_neardup.h - parameters that several bindings of near_dedup read: of the table
** at index 2, checked; each raises for what is wrong. [-0, +0, v] */
#ifndef TAMIS_LUA_NEARDUP_H
#define TAMIS_LUA_NEARDUP_H

#include <lua.h>

#include "neardup/neardup.h"

LeaderParams lua_check_leaders(lua_State *L);
TemplateParams lua_check_template(lua_State *L, const LeaderParams *p);
Turns lua_check_turns(lua_State *L);       /* all when absent */
unsigned lua_check_fields(lua_State *L);   /* NEARDUP_FIELDS when absent */

#endif
