/* modules/recur/lua_recur.c - recurring sentences for Lua, for the stage `boilerplate`.
**   local op, info = recur.sentences(view, { field = "output", action = "reject", max_share = 0.5, min_words = 4,
**                                            max_df = 0.005, min_rows = 20, top = 10,
**                                            abbreviations = { "e.g" } }, pool)
** op is a row operator; nil and a message ("interrupted") if it could not be made. info: rows, sentences (that are
** long enough), bound (rows that a sentence must stand in), recurring (how many sentences do), top = { { rows =,
** row = (the first), text = }, … }. On plain text:
**   recur.split(text, { "e.g" })    -- its sentences, an array */
#include <lauxlib.h>
#include <stdlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "recur/recur_op.h"

int luaopen_recur(lua_State *L);

/* ---- the lists and numbers of the table at 2 ---- */

/* The strings of the list at the top, which keeps them: a userdata in its place. [-1, +1, v] */
static Span *check_words(lua_State *L, const char *key, size_t *n) {
  if (!lua_istable(L, -1)) luaL_error(L, "%s: expected a list of words, got %s", key, luaL_typename(L, -1));
  *n = (size_t)luaL_len(L, -1);
  Span *word = lua_newuserdatauv(L, (*n + 1) * sizeof *word, 1);
  for (size_t i = 0; i < *n; i++) {
    if (lua_geti(L, -2, (lua_Integer)i + 1) != LUA_TSTRING) luaL_error(L, "%s[%d]: expected a word", key, (int)i + 1);
    word[i].ptr = lua_tolstring(L, -1, &word[i].len);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, 1);
  lua_remove(L, -2);
  return word;
}

static RecurSpec check_spec(lua_State *L) {
  static const char *const actions[] = { "reject", "strip", "tag", NULL };
  RecurSpec s = { .max_share = param_number(L, 2, "max_share", 0, 1) };
  s.params = (RecurParams){ .min_words = (size_t)param_number(L, 2, "min_words", 1, 1e9),
                            .max_df = param_number(L, 2, "max_df", 0, 1),
                            .min_rows = (size_t)param_number(L, 2, "min_rows", 1, 4e9) };
  lua_getfield(L, 2, "field");
  size_t len;
  const char *name = luaL_checklstring(L, -1, &len);
  s.field = field_by_name(span_of(name, len));
  if (s.field >= FIELD_COUNT) luaL_error(L, "field: no field is named %s", name);
  lua_getfield(L, 2, "action");
  s.action = (RecurAction)luaL_checkoption(L, -1, "reject", actions);
  lua_pop(L, 2);
  return s;
}

/* ---- results ---- */

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

static void push_info(lua_State *L, const View *v, const RowOp *op, size_t top) {
  Scratch *scratch = lua_pushscratch(L);
  const Recur *r = recur_op_found(op);
  lua_createtable(L, 0, 5);
  set_count(L, "rows", r->texts);
  set_count(L, "sentences", r->sentences);
  set_count(L, "bound", r->bound);
  set_count(L, "recurring", r->n);
  lua_newtable(L);
  for (size_t i = 0; i < r->n && i < top; i++) {
    uint32_t row = 0;
    Span text = recur_op_text(op, v, scratch, (uint32_t)i, &row);
    lua_createtable(L, 0, 3);
    set_count(L, "rows", r->list[i].rows);
    set_count(L, "row", (size_t)row + 1);
    lua_pushlstring(L, text.ptr != NULL ? text.ptr : "", text.ptr != NULL ? text.len : 0);
    lua_setfield(L, -2, "text");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "top");
  lua_remove(L, -2);
}

static int f_sentences(lua_State *L) {
  View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 3);
  lua_settop(L, 3);
  RecurSpec spec = check_spec(L);
  size_t top = (size_t)param_number(L, 2, "top", 0, 1e6), n;
  lua_getfield(L, 2, "abbreviations");
  const Span *word = check_words(L, "abbreviations", &n);
  lua_newrowop(L);
  if (abbreviations_init(&spec.abbreviations, word, n) != 0) return luaL_error(L, "not enough memory");
  Error err = { "" };
  RowOp *op = recur_op_new(v, &spec, pool, &err);
  if (op == NULL) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text[0] != '\0' ? err.text : "interrupted");
    return 2;
  }
  lua_setrowop(L, op);
  push_info(L, v, op, top);
  return 2;
}

#define ABBREVIATIONS "tamis.recur.abbreviations"

static int abbreviations_gc(lua_State *L) {
  abbreviations_free(luaL_checkudata(L, 1, ABBREVIATIONS));
  return 0;
}

static int f_split(lua_State *L) {
  size_t len, n = 0;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  const Span *word = check_words(L, "abbreviations", &n);
  Abbreviations *a = lua_newuserdatauv(L, sizeof *a, 0);
  *a = (Abbreviations){ 0 };
  luaL_setmetatable(L, ABBREVIATIONS);
  if (abbreviations_init(a, word, n) != 0) return luaL_error(L, "not enough memory");
  lua_newtable(L);
  Sentence s;
  lua_Integer i = 0;
  for (size_t at = 0; (s = sentence_next(a, span_of(text, len), &at)).text.ptr != NULL;) {
    lua_pushlstring(L, s.text.ptr, s.text.len);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

int luaopen_recur(lua_State *L) {
  static const luaL_Reg functions[] = { { "sentences", f_sentences }, { "split", f_split }, { NULL, NULL } };
  static const luaL_Reg methods[] = { { "__gc", abbreviations_gc }, { NULL, NULL } };
  luaL_newmetatable(L, ABBREVIATIONS);
  luaL_setfuncs(L, methods, 0);
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
