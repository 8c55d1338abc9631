/* modules/core/lua_buf.c - see lua_buf.h */
#include "core/lua_buf.h"

#include <lauxlib.h>
#include <stdlib.h>

#define BUF_TYPE "tamis.buf"

static int buf_gc(lua_State *L) {
  buf_free(luaL_checkudata(L, 1, BUF_TYPE));
  return 0;
}

Buf *lua_newbuf(lua_State *L) {
  Buf *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (Buf){ 0 };
  luaL_newmetatable(L, BUF_TYPE);
  lua_pushcfunction(L, buf_gc);   /* each time: the call before may have run out of memory here */
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  return b;
}

static int holder_gc(lua_State *L) {
  void **p = lua_touserdata(L, 1);
  free(*p);
  *p = NULL;
  return 0;
}

void **lua_newholder(lua_State *L) {
  void **p = lua_newuserdatauv(L, sizeof *p, 0);
  *p = NULL;
  if (luaL_newmetatable(L, "tamis.holder")) {
    lua_pushcfunction(L, holder_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return p;
}
