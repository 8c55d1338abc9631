/* modules/core/lua_type.c - see lua_type.h */
#include "core/lua_type.h"

void lua_newtype(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods) {
  if (luaL_newmetatable(L, name)) {
    luaL_setfuncs(L, meta, 0);
    if (methods == meta) lua_pushvalue(L, -1);
    else if (methods != NULL) {
      lua_newtable(L);
      luaL_setfuncs(L, methods, 0);
    }
    if (methods != NULL) lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
}
