/* modules/rules/lua_chat.c - the structure of chats for Lua:
**   rules.chat { keys = { "messages" }, literals = { "null" }, most = { empty_turn = 0, … } }
**   A sign that `most` does not name has no bound. */
#include <lauxlib.h>
#include <math.h>

#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "rules/chat.h"
#include "rules/lua_rules.h"
#include "rules/rules.h"

/* The list of strings at key of the table at 1; the table keeps them. */
static size_t strings(lua_State *L, const char *key, Span *out, size_t cap) {
  lua_getfield(L, 1, key);
  luaL_checktype(L, -1, LUA_TTABLE);
  size_t n = (size_t)luaL_len(L, -1);
  if (n > cap) luaL_error(L, "%s: expected at most %d strings", key, (int)cap);
  for (size_t i = 0; i < n; i++) {
    if (lua_geti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING) luaL_error(L, "%s: expected strings", key);
    out[i].ptr = lua_tolstring(L, -1, &out[i].len);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return n;
}

int rules_lua_chat(lua_State *L) {
  enum { KEYS = 4 };
  luaL_checktype(L, 1, LUA_TTABLE);
  Span key[KEYS], literal[RULES_MAX_WORDS];
  double most[CHAT_SIGNS];
  size_t nkeys = strings(L, "keys", key, KEYS), n = strings(L, "literals", literal, RULES_MAX_WORDS);
  lua_getfield(L, 1, "most");
  luaL_checktype(L, -1, LUA_TTABLE);
  for (int s = 0; s < CHAT_SIGNS; s++) {
    lua_getfield(L, -1, chat_signs[s]);
    most[s] = luaL_optnumber(L, -1, HUGE_VAL);
    lua_pop(L, 1);
  }
  Error err;
  lua_newrowop(L);
  RowOp *op = chat_op(key, nkeys, most, literal, n, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}
