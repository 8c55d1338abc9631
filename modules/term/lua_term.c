/* modules/term/lua_term.c - a full-screen form's terminal, for the trusted scripts.
**   local t <close>, err = term.open()     -- standard input and output; nil and a sentence
**   local key = t:key(1.5)                 -- "a", "é", "up", "ctrl-c", "alt-x"; "timeout" after seconds;
**                                             "resize": draw anew; "signal", "gone": the end
**   local columns, rows = t:size()
**   t:write(text)                          -- as it is: data is made safe before
**   t:suspend()                            -- Ctrl-Z
** However the process ends, the terminal is given back (term.h). A character "t" and a name are told
** apart by length: names are longer than one character. */
#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

#include "term/term.h"

int luaopen_term(lua_State *L);

#define TERM "tamis.term"

typedef struct TermBox { Term *term; } TermBox;   /* NULL once closed */

static Term *check_term(lua_State *L) {
  TermBox *b = luaL_checkudata(L, 1, TERM);
  luaL_argcheck(L, b->term != NULL, 1, "the terminal is closed");
  return b->term;
}

static int f_open(lua_State *L) {
  TermBox *b = lua_newuserdatauv(L, sizeof *b, 0);
  b->term = NULL;
  luaL_setmetatable(L, TERM);
  Error err = { "" };
  b->term = term_open(STDIN_FILENO, STDOUT_FILENO, &err);
  if (b->term != NULL) return 1;
  luaL_pushfail(L);
  lua_pushstring(L, err.text);
  return 2;
}

static int term_m_close(lua_State *L) {
  TermBox *b = luaL_checkudata(L, 1, TERM);
  Term *old = b->term;
  b->term = NULL;
  term_close(old);
  return 0;
}

static int term_m_key(lua_State *L) {
  Term *t = check_term(L);
  lua_Number seconds = luaL_optnumber(L, 2, -1);
  luaL_argcheck(L, seconds < 1e6, 2, "expected seconds below a million");
  Key key;
  char name[KEY_NAME];
  switch (term_key(t, seconds < 0 ? -1 : (int)(seconds * 1000), &key)) {
    case TERM_KEY:
      lua_pushlstring(L, name, key_name(&key, name));
      break;
    case TERM_RESIZED: lua_pushliteral(L, "resize"); break;
    case TERM_TIMEOUT: lua_pushliteral(L, "timeout"); break;
    case TERM_SIGNALLED: lua_pushliteral(L, "signal"); break;
    default: lua_pushliteral(L, "gone"); break;
  }
  return 1;
}

static int term_m_size(lua_State *L) {
  int columns, rows;
  term_size(check_term(L), &columns, &rows);
  lua_pushinteger(L, columns);
  lua_pushinteger(L, rows);
  return 2;
}

static int term_m_write(lua_State *L) {
  Term *t = check_term(L);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  if (term_write(t, span_of(text, len)) == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  luaL_pushfail(L);
  lua_pushfstring(L, "cannot write to the terminal: %s", strerror(errno));
  return 2;
}

static int term_m_suspend(lua_State *L) {
  term_suspend(check_term(L));
  return 0;
}

static const luaL_Reg METHODS[] = {
  { "key",     term_m_key },
  { "size",    term_m_size },
  { "write",   term_m_write },
  { "suspend", term_m_suspend },
  { "close",   term_m_close },
  { "__gc",    term_m_close },
  { "__close", term_m_close },
  { NULL,      NULL },
};

int luaopen_term(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = { { "open", f_open }, { NULL, NULL } };
  luaL_newmetatable(L, TERM);
  luaL_setfuncs(L, METHODS, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
