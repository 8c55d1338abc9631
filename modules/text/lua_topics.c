/* modules/text/lua_topics.c - see lua_topics.h; for Lua:
**   text.topics { field = "input", annotation = "topic", unknown = NAME, rules = { { NAME, "phrase", "begin*" }, … } } */
#include "text/lua_topics.h"

#include <lauxlib.h>

#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "text/ops.h"

/* How many phrases the rules at index t hold; raises on a rule that is none. */
static size_t count_phrases(lua_State *L, int t, const char *key, int least, lua_Integer nrules) {
  size_t n = 0;
  for (lua_Integer r = 1; r <= nrules; r++) {
    if (lua_geti(L, t, r) != LUA_TTABLE) luaL_error(L, "%s[%d]: expected a table", key, (int)r);
    lua_Integer len = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= len; i++) {
      if (lua_geti(L, -1, i) != LUA_TSTRING)
        luaL_error(L, "%s[%d][%d]: expected a string, got %s", key, (int)r, (int)i, luaL_typename(L, -1));
      lua_pop(L, 1);
    }
    if (len < 1 + least)
      luaL_error(L, "%s[%d]: expected a %s", key, (int)r, least > 0 ? "topic and one phrase or more" : "reason and phrases");
    n += (size_t)len - 1;
    lua_pop(L, 1);
  }
  return n;
}

/* Fills names and phrases from the checked rules at index t. */
static void read_rules(lua_State *L, int t, lua_Integer nrules, Span *name, TopicPhrase *phrase) {
  for (lua_Integer r = 1; r <= nrules; r++) {
    lua_geti(L, t, r);
    lua_Integer len = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= len; i++) {
      Span s;
      lua_geti(L, -1, i);
      s.ptr = lua_tolstring(L, -1, &s.len);
      lua_pop(L, 1);
      if (i == 1) name[r - 1] = s;
      else *phrase++ = (TopicPhrase){ s, (uint32_t)(r - 1) };
    }
    lua_pop(L, 1);
  }
}

PhraseRules topics_checkrules(lua_State *L, int t, const char *key, int least) {
  if (lua_getfield(L, t, key) != LUA_TTABLE) luaL_error(L, "%s: expected a table, got %s", key, luaL_typename(L, -1));
  int rules = lua_gettop(L);
  lua_Integer nrules = luaL_len(L, rules);
  PhraseRules p = { .nrules = (size_t)nrules, .n = count_phrases(L, rules, key, least, nrules) };
  p.name = lua_newuserdatauv(L, (p.nrules + 1) * sizeof *p.name, 0);
  p.phrase = lua_newuserdatauv(L, (p.n + 1) * sizeof *p.phrase, 0);
  read_rules(L, rules, nrules, p.name, p.phrase);
  lua_remove(L, rules);
  return p;
}

int text_lua_topics(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Field field = param_field(L, 1, "field");
  Span annotation = param_string(L, 1, "annotation"), unknown = param_string(L, 1, "unknown");
  PhraseRules r = topics_checkrules(L, 1, "rules", 1);
  lua_newrowop(L);
  Error err;
  Topics *topics = topics_new(r.phrase, r.n, &err);
  if (topics == NULL) {
    lua_pushnil(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  RowOp *op = topics_op(topics, field, annotation, r.name, r.nrules, unknown, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}
