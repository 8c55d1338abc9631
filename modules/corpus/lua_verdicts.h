/* modules/corpus/lua_verdicts.h - verdict lists as userdata of type VERDICTS_TYPE. */
#ifndef TAMIS_LUA_VERDICTS_H
#define TAMIS_LUA_VERDICTS_H

#include <lua.h>

#include "corpus/view.h"

/* An empty list userdata, to be filled by lua_setverdicts once the kernel has made it, so that
** nothing is lost if Lua runs out of memory in between [-0, +1, m]. */
void lua_newverdicts(lua_State *L);
/* The userdata at the top owns the list from now on [-0, +0, -]. */
void lua_setverdicts(lua_State *L, VerdictList *v);
/* The list at that argument; it belongs to the userdata. Raises if there is none [-0, +0, v]. */
VerdictList *lua_checkverdicts(lua_State *L, int arg);

#endif
