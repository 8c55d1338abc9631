/* modules/corpus/lua_view.h - the inside of a view's handle, for lua_view*.c only. */
#ifndef TAMIS_LUA_VIEW_H
#define TAMIS_LUA_VIEW_H

#include "corpus/lua_corpus.h"

/* What VIEW_TYPE holds. The scratch and the buffer serve the methods that look at one row: they
** belong to Lua through the handle, so a raised error loses nothing. */
typedef struct ViewBox {
  View *view;         /* NULL once closed */
  Scratch *scratch;   /* made when first asked for */
  Buf text;
} ViewBox;

ViewBox *lua_checkviewbox(lua_State *L, int arg);   /* raises if arg is no view, or was closed */
/* Adds the methods of lua_view_row.c to the table at the top [-0, +0, m]. */
void lua_open_view_row(lua_State *L);
void lua_open_view_revive(lua_State *L);   /* the same for lua_revive.c */
void lua_open_view_look(lua_State *L);     /* and for lua_view_look.c */

#endif
