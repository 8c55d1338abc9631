/* modules/lang/lua_lang.c - lang for Lua.
**   lang.known()                    -- { { code = "en", name = "english" }, … }
**   lang.detect("Bonjour à tous")   -- "fr", 0.97, { { "fr", 0.97 } }, true: the code ("und", 0 where it is
**                                      too short to tell), its share of the text, all shares, reliable?
**   local m = lang.model(bytes, "lid.176.ftz")   -- a fastText model, or nil and a message
**   m:labels()                      -- { "en", "de", … }
**   m:predict("Bonjour à tous", 2)  -- { { "fr", 0.93 }, { "it", 0.02 } }
**   lang.detect(s, { model = m, min_probability = 0.5, min_letters = 10 })
** and the operator:
**   lang.keep { fields = { "input", "output" }, max_bytes = 2048,
**               min_field_bytes = 40, keep = { "en" }, min_confidence = 0.95,
**               keep_undetermined = true, other = REASON, low = REASON, undetermined = REASON,
**               annotation = "language", metric = "confidence", model = m, min_probability = 0.5,
**               min_letters = 10, mixed_share = 0.1, shares = "language_shares" }
** Without a model detect and keep give nil and a message in a build without CLD2. */
#include <lauxlib.h>
#include <string.h>

#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "lang/fasttext.h"
#include "lang/lang.h"
#include "lang/lang_op.h"
#include "text/chars.h"

int luaopen_lang(lua_State *L);

static int missing(lua_State *L) {
  luaL_pushfail(L);
  lua_pushliteral(L, LANG_MISSING);
  return 2;
}

#define MODEL "tamis.langmodel"          /* userdata: a FastText *, NULL until loaded */

static int f_model(lua_State *L) {
  Span bytes;
  bytes.ptr = luaL_checklstring(L, 1, &bytes.len);
  const char *name = luaL_optstring(L, 2, "model");
  Error err;
  FastText **m = lua_newuserdatauv(L, sizeof *m, 0);
  *m = NULL;
  luaL_setmetatable(L, MODEL);
  if ((*m = fasttext_open(bytes, name, &err)) != NULL) return 1;
  luaL_pushfail(L);
  lua_pushstring(L, err.text);
  return 2;
}

static FastText *check_model(lua_State *L, int arg) {
  FastText *m = *(FastText **)luaL_checkudata(L, arg, MODEL);
  luaL_argcheck(L, m != NULL, arg, "model is closed");
  return m;
}

static int model_close(lua_State *L) {
  FastText **m = luaL_checkudata(L, 1, MODEL);
  fasttext_unref(*m);
  *m = NULL;
  return 0;
}

static int model_labels(lua_State *L) {
  const FastText *m = check_model(L, 1);
  size_t n = fasttext_labels(m);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, fasttext_label(m, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int model_predict(lua_State *L) {
  const FastText *m = check_model(L, 1);
  Span text;
  text.ptr = luaL_checklstring(L, 2, &text.len);
  lua_Integer k = luaL_optinteger(L, 3, 1);
  luaL_argcheck(L, 1 <= k && k <= 1000000, 3, "expected 1 to 1000000 labels");
  if ((size_t)k > fasttext_labels(m)) k = (lua_Integer)fasttext_labels(m);
  FastTextGuess *g = lua_newuserdatauv(L, (size_t)k * sizeof *g, 0);
  int n = fasttext_predict(m, text, (size_t)k, g);
  if (n < 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_createtable(L, 2, 0);
    lua_pushstring(L, g[i].label);
    lua_rawseti(L, -2, 1);
    lua_pushnumber(L, g[i].score);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static double opt_number(lua_State *L, int arg, const char *key, double def, double max) {
  double v = lua_getfield(L, arg, key) == LUA_TNIL ? def : lua_tonumber(L, -1);
  if (!(v >= 0 && v <= max)) luaL_error(L, "%s: expected a number from 0 to %f", key, max);
  lua_pop(L, 1);
  return v;
}

/* model, min_probability and min_letters of the table at arg. What stands there stays alive as it does. */
static LangEngine engine_of(lua_State *L, int arg) {
  LangEngine e = { .model = NULL };
  if (lua_getfield(L, arg, "model") != LUA_TNIL) e.model = check_model(L, -1);
  lua_pop(L, 1);
  e.min_probability = opt_number(L, arg, "min_probability", 0.5, 1);
  e.min_letters = (size_t)opt_number(L, arg, "min_letters", 0, 1 << 24);
  return e;
}

static int f_detect(lua_State *L) {
  Span text;
  LangResult r;
  LangEngine e = { .model = NULL };
  text.ptr = luaL_checklstring(L, 1, &text.len);
  luaL_argcheck(L, chars_valid(text.ptr, text.len), 1, "text is not UTF-8");
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    e = engine_of(L, 2);
  }
  if (e.model == NULL && !lang_available()) return missing(L);
  text = lang_head(text, 1 << 20);
  char *room = lua_newuserdatauv(L, lang_mask_room(text.len), 0);
  if (lang_tell(&e, span_of(room, lang_mask(text, room)), &r) != 0) return luaL_error(L, "not enough memory");
  lua_pushstring(L, r.code);
  lua_pushnumber(L, r.confidence);
  lua_newtable(L);
  for (int i = 0; i < LANG_SHARES && r.share[i].code[0] != '\0'; i++) {
    lua_createtable(L, 2, 0);
    lua_pushstring(L, r.share[i].code);
    lua_rawseti(L, -2, 1);
    lua_pushnumber(L, r.share[i].share);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushboolean(L, r.reliable);
  return 4;
}

static int f_known(lua_State *L) {
  char code[LANG_CODE_SIZE], low[64];
  const char *name;
  lua_newtable(L);
  for (int i = 0, n = 0; lang_known(i, code, &name); i++) {
    size_t len = strlen(name);
    if (code[0] == '\0' || len >= sizeof low) continue;
    for (size_t k = 0; k < len; k++) low[k] = (char)(name[k] >= 'A' && name[k] <= 'Z' ? name[k] + 32 : name[k]);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushlstring(L, low, len);
    lua_setfield(L, -2, "name");
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* The string at the argument's key; it stays alive as long as the table. */
static const char *need(lua_State *L, const char *key) {
  if (lua_getfield(L, 1, key) != LUA_TSTRING) luaL_error(L, "%s: expected a string, got %s", key, luaL_typename(L, -1));
  const char *s = lua_tostring(L, -1);
  lua_pop(L, 1);
  return s;
}

/* Leaves the table at the argument's key on the stack; its length [-0, +1, v]. */
static size_t need_list(lua_State *L, const char *key) {
  if (lua_getfield(L, 1, key) != LUA_TTABLE) luaL_error(L, "%s: expected a list", key);
  return (size_t)luaL_len(L, -1);
}

static Span item(lua_State *L, const char *key, size_t i) {
  Span s;
  if (lua_geti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING) luaL_error(L, "%s[%d]: expected a string", key, (int)i + 1);
  s.ptr = lua_tolstring(L, -1, &s.len);
  lua_pop(L, 1);
  return s;
}

static int f_keep(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Field field[FIELD_COUNT];
  LangRule rule = { .field = field };
  rule.nfields = need_list(L, "fields");
  luaL_argcheck(L, 1 <= rule.nfields && rule.nfields <= FIELD_COUNT, 1, "expected 1 to 5 fields");
  for (size_t i = 0; i < rule.nfields; i++) {
    Span name = item(L, "fields", i);
    if ((field[i] = field_by_name(name)) == FIELD_NONE) return luaL_error(L, "fields: no field \"%s\"", name.ptr);
  }
  rule.nkeep = need_list(L, "keep");
  Span *keep = lua_newuserdatauv(L, (rule.nkeep + 1) * sizeof *keep, 0);
  lua_insert(L, -2);
  for (size_t i = 0; i < rule.nkeep; i++) keep[i] = item(L, "keep", i);
  rule.keep = keep;
  rule.max_bytes = (size_t)param_number(L, 1, "max_bytes", 16, 1 << 24);
  rule.min_field_bytes = (size_t)param_number(L, 1, "min_field_bytes", 0, 1 << 24);
  rule.min_confidence = param_number(L, 1, "min_confidence", 0, 1);
  lua_getfield(L, 1, "keep_undetermined");
  rule.keep_undetermined = lua_toboolean(L, -1);
  rule.other = need(L, "other");
  rule.low = need(L, "low");
  rule.undetermined = need(L, "undetermined");
  rule.annotation = need(L, "annotation");
  rule.metric = need(L, "metric");
  rule.shares = need(L, "shares");
  rule.mixed_share = param_number(L, 1, "mixed_share", 0, 1);
  LangEngine e = engine_of(L, 1);
  rule.model = (FastText *)e.model;        /* counted, not changed */
  rule.min_probability = e.min_probability;
  rule.min_letters = e.min_letters;
  if (e.model == NULL && !lang_available()) return missing(L);
  lua_newrowop(L);
  Error err;
  RowOp *op = lang_op(&rule, &err);
  if (op == NULL) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  lua_setrowop(L, op);
  return 1;
}

static const luaL_Reg METHODS[] = {
  { "close",   model_close },
  { "labels",  model_labels },
  { "predict", model_predict },
  { NULL, NULL }
};

static const luaL_Reg META[] = {
  { "__gc",    model_close },
  { "__close", model_close },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = {
  { "detect", f_detect },
  { "keep",   f_keep },
  { "known",  f_known },
  { "model",  f_model },
  { NULL, NULL }
};

int luaopen_lang(lua_State *L) {
  if (luaL_newmetatable(L, MODEL)) {
    luaL_setfuncs(L, META, 0);
    luaL_newlib(L, METHODS);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
