/* tests/host.c - runs a Lua test in a trusted state, with `require "check"` (tests/check.lua)
** `require "pty"` (tests/pty.h) and `require "wire"` (tests/wire.h).
**   build/release/tamis-test tests/test_NAME.lua [ARGUMENT…] */
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>

#include "core/pool.h"
#include "pty.h"
#include "runtime/state.h"
#include "wire.h"

typedef struct Args { int argc; char **argv; } Args;

static int run_test(lua_State *L) {
  const Args *a = lua_touserdata(L, 1);
  state_open_trusted(L);
  lua_createtable(L, a->argc, 0);   /* `arg`, as the plain interpreter has it */
  for (int i = 1; i < a->argc; i++) {
    lua_pushstring(L, a->argv[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_pushglobaltable(L);
  lua_insert(L, -2);
  lua_pushliteral(L, "arg");
  lua_insert(L, -2);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  luaL_requiref(L, "pty", luaopen_pty, 0);
  luaL_requiref(L, "wire", luaopen_wire, 0);
  lua_pop(L, 2);
  lua_getglobal(L, "package");
  lua_pushliteral(L, "tests/?.lua");
  lua_setfield(L, -2, "path");
  if (luaL_loadfilex(L, a->argv[1], "t") != LUA_OK) return lua_error(L);
  for (int i = 2; i < a->argc; i++) lua_pushstring(L, a->argv[i]);
  lua_call(L, a->argc - 2, 0);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "check");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "failed");
  return 1;
}

/* For tests of what an interrupt does: kill -USR1 $PPID. */
static void on_interrupt(int sig) {
  (void)sig;
  interrupt_raise();
}

int main(int argc, char **argv) {
  signal(SIGUSR1, on_interrupt);
  if (argc < 2) {
    fprintf(stderr, "usage: %s FILE.lua [ARGUMENT…]\n", argv[0]);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  lua_State *L = luaL_newstate();
  if (L == NULL) return 1;
  Args args = { argc, argv };
  lua_pushcfunction(L, state_traceback);
  lua_pushcfunction(L, run_test);
  lua_pushlightuserdata(L, &args);
  int status = 1;
  if (lua_pcall(L, 1, 1, 1) == LUA_OK) {
    status = lua_tointeger(L, -1) != 0;
  } else {
    lua_getfield(L, -1, "trace");
    const char *text = lua_tostring(L, -1);
    fprintf(stderr, "%s\n", text != NULL ? text : "not enough memory");
  }
  lua_close(L);
  return status;
}
