/* modules/rules/lua_phrases.c - phrases for Lua:
**   rules.phrases { field = "output", metric = NAME, within = 0, most = 0, rules = { { REASON, "as an ai", … }, … } } */
#include <lauxlib.h>

#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "rules/lua_rules.h"
#include "rules/phrases.h"
#include "text/lua_topics.h"

int rules_lua_phrases(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Field field = param_field(L, 1, "field");
  const char *metric = param_string(L, 1, "metric").ptr;
  double within = param_number_or(L, 1, "within", 0), most = param_number_or(L, 1, "most", 0);
  PhraseRules r = topics_checkrules(L, 1, "rules", 0);
  lua_newrowop(L);
  Error err;
  Topics *topics = topics_new(r.phrase, r.n, &err);
  if (topics == NULL) {
    lua_pushnil(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  PhrasesSpec spec = { field, r.phrase, r.n, r.name, r.nrules, within > 0 ? (size_t)within : 0,
                       most > 0 ? (size_t)most : 0, metric };
  RowOp *op = phrases_op(topics, &spec, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}
