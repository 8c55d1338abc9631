/* runtime/sandbox_lib.c - what a recipe finds in its globals, one by one: an allow-list. */
#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdio.h>

#include "core/printable.h"
#include "core/lua_keys.h"
#include "runtime/sandbox.h"

/* ---- tables in order ---- */

/* Upvalues: keys or nil (then the keys are 1 to n), how many, place. Called with the table. */
static int pairs_next(lua_State *L) {
  lua_Integer n = lua_tointeger(L, lua_upvalueindex(2));
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
  int listed = lua_istable(L, lua_upvalueindex(1));
  while (i < n) {
    i++;
    if (listed) lua_rawgeti(L, lua_upvalueindex(1), i);
    else lua_pushinteger(L, i);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) {
      lua_pushinteger(L, i);
      lua_replace(L, lua_upvalueindex(3));
      return 2;
    }
    lua_pop(L, 2);   /* taken out since the walk began */
  }
  lua_pushnil(L);
  return 1;
}

/* Are the keys of the table 1 to n and no others? */
static int is_sequence(lua_State *L, int idx, lua_Integer *n) {
  lua_Integer count = 0, len = (lua_Integer)lua_rawlen(L, idx);
  for (lua_pushnil(L); lua_next(L, idx) != 0; count++) {
    int fits = lua_isinteger(L, -2) && 1 <= lua_tointeger(L, -2) && lua_tointeger(L, -2) <= len;
    lua_pop(L, fits ? 1 : 2);
    if (!fits) return 0;
  }
  *n = len;
  return count == len;
}

static int f_pairs(lua_State *L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Integer n;
  if (is_sequence(L, 1, &n)) lua_pushnil(L);
  else n = keys_sorted(L, 1);
  sandbox_charge(L, (uint64_t)n);
  lua_pushinteger(L, n);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, pairs_next, 3);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

/* next(t [, k]): the first key in order, or the one behind k. Linear; pairs is for walking. */
static int f_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  lua_Integer n = keys_sorted(L, 1);
  sandbox_charge(L, (uint64_t)n);
  int found = lua_isnil(L, 2);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 3, i);
    if (found) {
      lua_pushvalue(L, -1);
      lua_rawget(L, 1);
      return 2;
    }
    found = lua_rawequal(L, 2, -1);
    lua_pop(L, 1);
  }
  if (!found) return luaL_error(L, "invalid key to 'next'");
  lua_pushnil(L);
  return 1;
}

/* ---- values and metatables ---- */

static int f_tostring(lua_State *L) {
  luaL_checkany(L, 1);
  int type = lua_type(L, 1);
  if (luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL) {
    lua_pop(L, 1);
    luaL_tolstring(L, 1, NULL);
  } else if (type == LUA_TLIGHTUSERDATA) {
    lua_pushliteral(L, "null");
  } else if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA || type == LUA_TTHREAD) {
    lua_pushstring(L, luaL_typename(L, 1));   /* an address says nothing */
  } else {
    luaL_tolstring(L, 1, NULL);
  }
  return 1;
}

static int f_getmetatable(lua_State *L) {
  luaL_checkany(L, 1);
  if (lua_type(L, 1) != LUA_TTABLE || !lua_getmetatable(L, 1)) {
    lua_pushnil(L);   /* those of texts and native objects belong to everybody */
    return 1;
  }
  luaL_getmetafield(L, 1, "__metatable");
  return 1;           /* that field, or the metatable below it */
}

static int f_setmetatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "__gc is not available in a recipe");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int f_rawset(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "this table is read-only");
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

/* ---- errors ---- */

/* The handler runs after unwinding, where the hook is on again, and not in the midst of the error. */
static int finish_xpcall(lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - 1;
  sandbox_check(L);
  lua_pushvalue(L, 1);
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

static int f_xpcall(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int n = lua_gettop(L);
  lua_pushvalue(L, 2);
  lua_pushboolean(L, 1);
  lua_rotate(L, 1, 2);   /* handler, true, f, handler, arguments */
  lua_remove(L, 4);
  int status = lua_pcallk(L, n - 2, LUA_MULTRET, 0, 0, finish_xpcall);
  return finish_xpcall(L, status, 0);
}

/* ---- chunks ---- */

/* load(text or function [, name [, mode [, env]]]): texts only. */
static int f_load(lua_State *L) {
  size_t len;
  int has_env = !lua_isnone(L, 4);
  if (lua_type(L, 1) == LUA_TFUNCTION) {
    luaL_Buffer b;
    lua_settop(L, 4);
    luaL_buffinit(L, &b);
    for (;;) {
      lua_pushvalue(L, 1);
      lua_call(L, 0, 1);
      const char *piece = lua_tolstring(L, -1, &len);
      if (piece == NULL || len == 0) break;
      luaL_addvalue(&b);
    }
    lua_pop(L, 1);
    luaL_pushresult(&b);
    lua_replace(L, 1);
  }
  const char *text = luaL_checklstring(L, 1, &len);
  const char *name = luaL_optstring(L, 2, "=(load)");
  sandbox_charge(L, len);
  if (luaL_loadbufferx(L, text, len, name, "t") != LUA_OK) {
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
  }
  if (has_env) {
    lua_pushvalue(L, 4);
    lua_setupvalue(L, -2, 1);
  }
  return 1;
}

/* ---- others ---- */

/* To stderr, escaped: what a recipe prints may be text from data. */
static int f_print(lua_State *L) {
  int n = lua_gettop(L);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 1; i <= n; i++) {
    if (i > 1) luaL_addchar(&b, '\t');
    lua_pushcfunction(L, f_tostring);
    lua_pushvalue(L, i);
    lua_call(L, 1, 1);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  Buf out = { 0 };
  if (printable(&out, span_of(text, len), PRINTABLE_LINES) == 0 && buf_char(&out, '\n') == 0)
    fwrite(out.ptr, 1, out.len, stderr);
  buf_free(&out);
  return 0;
}

static int f_collectgarbage(lua_State *L) {
  if (strcmp(luaL_optstring(L, 1, "collect"), "count") != 0)
    return luaL_error(L, "only collectgarbage(\"count\") is available in a recipe");
  lua_pushnumber(L, (lua_Number)sandbox_of(L)->memory / 1024);
  return 1;
}

/* ---- library functions that loop where the hook cannot see it: paid for first ---- */

/* In the same frame, so that its errors name the recipe's line. */
static int call_original(lua_State *L) {
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* A native module's function: its work grows with the texts and tables it is given. */
static int by_arguments(lua_State *L) {
  uint64_t work = 20;
  for (int i = lua_gettop(L); i > 0; i--) {
    int type = lua_type(L, i);
    if (type == LUA_TSTRING || type == LUA_TTABLE) work += lua_rawlen(L, i);
  }
  sandbox_charge(L, work);
  return call_original(L);
}

void sandbox_charged(lua_State *L) {
  int module = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, module) != 0; lua_settop(L, module + 1)) {
    if (!lua_iscfunction(L, -1) || lua_getupvalue(L, -1, 1) != NULL) continue;
    lua_pushcclosure(L, by_arguments, 1);
    lua_pushvalue(L, module + 1);
    lua_insert(L, -2);
    lua_rawset(L, module);   /* a field that is there: the walk may go on */
  }
}

static uint64_t distance(lua_Integer from, lua_Integer to) {
  return to > from ? (uint64_t)to - (uint64_t)from : 0;
}

/* Once paid for: __len could say one thing to us and another to the original, which loops unseen up to what it is told. */
static void no_own_length(lua_State *L) {
  if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
    luaL_error(L, "the table library does not change a table with __len in a recipe");
}

static int by_shift(lua_State *L) {        /* insert, remove: from a place to the end */
  if (lua_gettop(L) >= 2) {
    sandbox_charge(L, distance(luaL_optinteger(L, 2, 1), luaL_len(L, 1)));
    no_own_length(L);
  }
  return call_original(L);
}

static int f_insert(lua_State *L) { return lua_gettop(L) > 2 ? by_shift(L) : call_original(L); }
static int f_remove(lua_State *L) { return by_shift(L); }

static int f_move(lua_State *L) {
  sandbox_charge(L, distance(luaL_checkinteger(L, 2), luaL_checkinteger(L, 3)));
  return call_original(L);
}

static int f_sort(lua_State *L) {
  lua_Integer n = luaL_len(L, 1);
  sandbox_charge(L, n > 0 ? (uint64_t)n * 8 : 0);
  no_own_length(L);
  return call_original(L);
}

static int f_concat(lua_State *L) {
  lua_Integer to = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
  sandbox_charge(L, distance(luaL_optinteger(L, 3, 1), to));
  lua_settop(L, 4);
  lua_pushinteger(L, to);   /* no second question to __len */
  lua_replace(L, 4);
  return call_original(L);
}

static int f_unpack(lua_State *L) {
  lua_Integer to = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
  sandbox_charge(L, distance(luaL_optinteger(L, 2, 1), to));
  lua_settop(L, 3);
  lua_pushinteger(L, to);   /* no second question to __len */
  lua_replace(L, 3);
  return call_original(L);
}

static int by_text(lua_State *L) {
  size_t len;
  luaL_checklstring(L, 1, &len);
  sandbox_charge(L, len / 4);
  return call_original(L);
}

static int no_random(lua_State *L) {
  return luaL_error(L, "math.random is not available in a recipe: a run must come out the same each time");
}

/* ---- coroutines: each has a hook count of its own, so a resume pays for a whole tick ---- */

enum { RESUME_COST = 1000 };

static int f_resume(lua_State *L) {
  sandbox_charge(L, RESUME_COST);
  int n = call_original(L);
  sandbox_check(L);
  return n;
}

static int f_create(lua_State *L) {
  sandbox_charge(L, RESUME_COST / 10);
  return call_original(L);
}

/* Closing runs __close of variables with the hooks as the coroutine's end left them: not once dead. */
static int f_close(lua_State *L) {
  sandbox_check(L);
  return call_original(L);
}

/* Upvalues: the coroutine, coroutine.resume above, coroutine.close above. */
static int wrapped(lua_State *L) {
  int n = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_rotate(L, 1, 2);
  lua_call(L, n + 1, LUA_MULTRET);
  if (lua_toboolean(L, 1)) return lua_gettop(L) - 1;
  lua_pushvalue(L, lua_upvalueindex(3));
  lua_pushvalue(L, lua_upvalueindex(1));
  if (lua_tothread(L, -1) != NULL && lua_status(lua_tothread(L, -1)) > LUA_YIELD) lua_call(L, 1, 0);
  lua_settop(L, 2);
  return lua_error(L);
}

/* Upvalues: coroutine.create, .resume, .close. */
static int f_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, lua_upvalueindex(3));
  lua_pushcclosure(L, wrapped, 3);
  return 1;
}

/* ---- globals ---- */

static int undefined_global(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) return luaL_error(L, "undefined global '%s'", lua_tostring(L, 2));
  return luaL_error(L, "undefined global");
}

/* Upvalue: the real table of globals. */
static int set_global(lua_State *L) {
  if (sandbox_of(L)->frozen)
    return luaL_error(L, "a row function must be pure: it assigned the global '%s'", luaL_tolstring(L, 2, NULL));
  lua_rawset(L, lua_upvalueindex(1));
  return 0;
}

typedef struct Kept { const char *name; lua_CFunction instead; } Kept;   /* NULL: the original as it is */

static const Kept base_kept[] = {
  { "assert", NULL }, { "error", NULL }, { "ipairs", NULL }, { "pcall", NULL }, { "rawequal", NULL },
  { "rawget", NULL }, { "rawlen", NULL }, { "select", NULL }, { "tonumber", NULL }, { "type", NULL },
  { "collectgarbage", f_collectgarbage }, { "getmetatable", f_getmetatable }, { "load", f_load },
  { "next", f_next }, { "pairs", f_pairs }, { "print", f_print }, { "rawset", f_rawset },
  { "setmetatable", f_setmetatable }, { "tostring", f_tostring }, { "xpcall", f_xpcall },
  { NULL, NULL }
};
static const Kept table_kept[] = {
  { "insert", f_insert }, { "remove", f_remove }, { "move", f_move }, { "sort", f_sort },
  { "concat", f_concat }, { "unpack", f_unpack }, { "pack", NULL }, { NULL, NULL }
};
static const Kept utf8_kept[] = {
  { "char", NULL }, { "charpattern", NULL }, { "codes", NULL }, { "codepoint", by_text },
  { "len", by_text }, { "offset", by_text }, { NULL, NULL }
};
static const Kept coroutine_kept[] = {
  { "create", f_create }, { "resume", f_resume }, { "close", f_close }, { "yield", NULL },
  { "status", NULL }, { "isyieldable", NULL }, { "running", NULL }, { NULL, NULL }
};
static const Kept math_kept[] = {
  { "abs", NULL }, { "acos", NULL }, { "asin", NULL }, { "atan", NULL }, { "ceil", NULL }, { "cos", NULL },
  { "deg", NULL }, { "exp", NULL }, { "floor", NULL }, { "fmod", NULL }, { "huge", NULL }, { "log", NULL },
  { "max", NULL }, { "maxinteger", NULL }, { "min", NULL }, { "mininteger", NULL }, { "modf", NULL },
  { "pi", NULL }, { "rad", NULL }, { "sin", NULL }, { "sqrt", NULL }, { "tan", NULL }, { "tointeger", NULL },
  { "type", NULL }, { "ult", NULL }, { "random", no_random }, { "randomseed", no_random }, { NULL, NULL }
};

/* Copies what the list keeps from the library on top into the table below it; each replacement
** gets the original as its upvalue. [-1, +0] */
static void keep(lua_State *L, const Kept *list) {
  for (; list->name != NULL; list++) {
    lua_getfield(L, -1, list->name);
    if (list->instead != NULL) lua_pushcclosure(L, list->instead, 1);
    lua_setfield(L, -3, list->name);
  }
  lua_pop(L, 1);
}

/* t[name] = a read-only table with the kept functions; t is on top. */
static void add_library(lua_State *L, const char *name, lua_CFunction open, const Kept *list) {
  lua_createtable(L, 0, 16);
  luaL_requiref(L, name, open, 0);
  keep(L, list);
  if (open == luaopen_coroutine) {
    lua_getfield(L, -1, "create");
    lua_getfield(L, -2, "resume");
    lua_getfield(L, -3, "close");
    lua_pushcclosure(L, f_wrap, 3);
    lua_setfield(L, -2, "wrap");
  }
  sandbox_readonly(L);
  lua_setfield(L, -2, name);
}

void sandbox_open_base(lua_State *L) {
  luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
  lua_createtable(L, 0, 32);           /* the real globals */
  lua_insert(L, -2);
  keep(L, base_kept);
  add_library(L, "table", luaopen_table, table_kept);
  add_library(L, "utf8", luaopen_utf8, utf8_kept);
  add_library(L, "coroutine", luaopen_coroutine, coroutine_kept);
  add_library(L, "math", luaopen_math, math_kept);
  sandbox_open_string(L);
  sandbox_readonly(L);
  lua_setfield(L, -2, "string");
  lua_pushliteral(L, LUA_VERSION);
  lua_setfield(L, -2, "_VERSION");

  lua_createtable(L, 0, 2);            /* reading an undefined one raises */
  lua_pushcfunction(L, undefined_global);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);

  lua_createtable(L, 0, 0);            /* what recipes see: always empty, so every write is noticed */
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, set_global, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "_G");
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pop(L, 1);
}
