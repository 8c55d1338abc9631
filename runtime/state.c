/* runtime/state.c - see state.h */
#include "runtime/state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "core/pool.h"
#include "modules.h"
#include "runtime/embedded.h"
#include "runtime/lua_recipe.h"

int luaopen_cjson_safe(lua_State *L);   /* in liblua5.4-cjson.a, but in no header */

const EmbeddedScript *embedded_find(const char *name) {
  for (const EmbeddedScript *s = embedded_scripts; s->name != NULL; s++)
    if (strcmp(s->name, name) == 0) return s;
  return NULL;
}

/* package.searchers entry: scripts of this program, as text only. */
static int search_embedded(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  const EmbeddedScript *s = embedded_find(name);
  if (s == NULL) {
    lua_pushfstring(L, "no script '%s' in this program", name);
    return 1;
  }
  const char *chunk = lua_pushfstring(L, "@%s.lua", name);
  if (luaL_loadbufferx(L, (const char *)s->bytes, s->len, chunk, "t") != LUA_OK)
    return lua_error(L);
  lua_pushvalue(L, -2);
  return 2;
}

static int undefined_read(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) return luaL_error(L, "undefined global '%s'", lua_tostring(L, 2));
  return luaL_error(L, "undefined global");
}

static int undefined_write(lua_State *L) {
  return luaL_error(L, "assignment to undeclared global '%s'", luaL_tolstring(L, 2, NULL));
}

static void set_strict(lua_State *L) {
  lua_pushglobaltable(L);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, undefined_read);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, undefined_write);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

/* Scripts of the program come first; nothing is ever loaded from disk, unless a test host sets
** package.path itself. */
static void set_searchers(lua_State *L) {
  lua_getglobal(L, "package");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "path");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "cpath");
  lua_getfield(L, -1, "searchers");
  for (lua_Integer i = luaL_len(L, -1); i > 3; i--) {   /* keep preload and files, no C libraries */
    lua_pushnil(L);
    lua_seti(L, -2, i);
  }
  lua_geti(L, -1, 2);
  lua_seti(L, -2, 3);
  lua_pushcfunction(L, search_embedded);
  lua_seti(L, -2, 2);
  lua_pop(L, 2);
}

/* Ctrl-C ends a Lua loop too; what catches the error must look at core.interrupted(). */
static void interrupt_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (interrupt_pending()) luaL_error(L, "interrupted");
}

void state_open_trusted(lua_State *L) {
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  for (const Module *m = modules; m->name != NULL; m++) {
    if ((m->flags & MODULE_TRUSTED) == 0) continue;
    lua_pushcfunction(L, m->open);
    lua_setfield(L, -2, m->name);
  }
  lua_pushcfunction(L, luaopen_host);
  lua_setfield(L, -2, "host");
  lua_pop(L, 1);
  luaL_requiref(L, "cjson", luaopen_cjson_safe, 0);
  lua_pop(L, 1);
  set_searchers(L);
  set_strict(L);
  lua_sethook(L, interrupt_hook, LUA_MASKCOUNT, 100000);
}

void state_require(lua_State *L, const char *name) {
  lua_getglobal(L, "require");
  lua_pushstring(L, name);
  lua_call(L, 1, 1);
}

int state_traceback(lua_State *L) {
  if (lua_istable(L, 1)) return 1;
  lua_createtable(L, 0, 2);
  if (lua_type(L, 1) == LUA_TSTRING) lua_pushvalue(L, 1);
  else luaL_tolstring(L, 1, NULL);
  lua_setfield(L, -2, "message");
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
  lua_setfield(L, -2, "trace");
  return 1;
}
