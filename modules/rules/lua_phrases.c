/* modules/rules/lua_phrases.c - phrases for Lua:
**   rules.phrases { field = "output", metric = NAME, within = 0, most = 0, rules = { { REASON, "as an ai", … }, … } } */
#include <lauxlib.h>

#include "corpus/lua_rowop.h"
#include "rules/lua_rules.h"
#include "rules/phrases.h"

/* How many phrases the rules at index t hold; raises on a rule that is none. */
static size_t count_phrases(lua_State *L, int t, lua_Integer nrules) {
  size_t n = 0;
  for (lua_Integer r = 1; r <= nrules; r++) {
    if (lua_geti(L, t, r) != LUA_TTABLE) luaL_error(L, "rules[%d]: expected a table", (int)r);
    lua_Integer len = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= len; i++) {
      if (lua_geti(L, -1, i) != LUA_TSTRING) luaL_error(L, "rules[%d][%d]: expected a string", (int)r, (int)i);
      lua_pop(L, 1);
    }
    if (len < 1) luaL_error(L, "rules[%d]: expected a reason and phrases", (int)r);
    n += (size_t)len - 1;
    lua_pop(L, 1);
  }
  return n;
}

/* Fills reasons and phrases from the checked rules at index t, whose strings the table keeps. */
static void read_rules(lua_State *L, int t, lua_Integer nrules, Span *reason, TopicPhrase *phrase) {
  for (lua_Integer r = 1; r <= nrules; r++) {
    lua_geti(L, t, r);
    lua_Integer len = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= len; i++) {
      Span s;
      lua_geti(L, -1, i);
      s.ptr = lua_tolstring(L, -1, &s.len);
      lua_pop(L, 1);
      if (i == 1) reason[r - 1] = s;
      else *phrase++ = (TopicPhrase){ s, (uint32_t)(r - 1) };
    }
    lua_pop(L, 1);
  }
}

int rules_lua_phrases(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Field field = rules_needfield(L, 1, "field");
  const char *metric = rules_needstring(L, 1, "metric").ptr;
  lua_getfield(L, 1, "within");
  lua_Integer within = luaL_optinteger(L, -1, 0);
  lua_getfield(L, 1, "most");
  lua_Integer most = luaL_optinteger(L, -1, 0);
  lua_getfield(L, 1, "rules");
  luaL_checktype(L, -1, LUA_TTABLE);
  int t = lua_gettop(L);
  lua_Integer nrules = luaL_len(L, t);
  size_t n = count_phrases(L, t, nrules);
  Span *reason = lua_newuserdatauv(L, ((size_t)nrules + 1) * sizeof *reason, 0);
  TopicPhrase *phrase = lua_newuserdatauv(L, (n + 1) * sizeof *phrase, 0);
  read_rules(L, t, nrules, reason, phrase);
  lua_newrowop(L);
  Error err;
  Topics *topics = topics_new(phrase, n, &err);
  if (topics == NULL) {
    lua_pushnil(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  PhrasesSpec spec = { field, phrase, n, reason, (size_t)nrules, within > 0 ? (size_t)within : 0,
                       most > 0 ? (size_t)most : 0, metric };
  RowOp *op = phrases_op(topics, &spec, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}
