/* modules/core/lua_buf.h - a Buf, and memory of malloc, that Lua frees, for a binding whose work may raise. */
#ifndef TAMIS_LUA_BUF_H
#define TAMIS_LUA_BUF_H

#include <lua.h>

#include "core/buf.h"

/* Pushes a userdata that holds an empty Buf, freed when it is collected; buf_free before that is
** fine. [-0, +1, m] */
Buf *lua_newbuf(lua_State *L);
/* Pushes a userdata that frees what *p will point at (NULL: nothing yet). [-0, +1, m] */
void **lua_newholder(lua_State *L);

#endif
