/* modules/corpus/lua_corpus.h - what the bindings of a corpus share. */
#ifndef TAMIS_LUA_CORPUS_H
#define TAMIS_LUA_CORPUS_H

#include <lua.h>

#include "core/lua_core.h"
#include "corpus/view.h"

int luaopen_corpus(lua_State *L);           /* lua_reader.c: corpus.load, corpus.sniff */

#define VIEW_TYPE "tamis.view"              /* userdata: a View *, unreferenced by __gc; NULL once voided */
void lua_open_view(lua_State *L);           /* lua_view.c: makes the metatable [-0, +0, m] */
/* Pushes v, whose reference the userdata takes over at once, also when it raises [-0, +1, m]. */
void lua_pushview(lua_State *L, View *v);
View *lua_checkview(lua_State *L, int arg); /* raises if arg is no view, or was voided */


#endif
