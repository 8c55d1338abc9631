/* runtime/state.h - the trusted Lua state: the whole standard library, every native module, and
** the scripts that live in the program. Recipes never run in it (sandbox.h). */
#ifndef TAMIS_STATE_H
#define TAMIS_STATE_H

#include <lua.h>

/* Opens libraries, modules and the script searcher in a fresh state; reading or making an
** undeclared global is an error from here on. Must run protected. [-0, +0, e] */
void state_open_trusted(lua_State *L);
/* Pushes the value of `require name`. [-0, +1, e] */
void state_require(lua_State *L, const char *name);
/* Message handler: turns whatever was raised into { message =, trace = } and keeps such a table
** as it is. Pass it to lua_pcall. [-1, +1, e] */
int state_traceback(lua_State *L);

#endif
