/* modules/text/lua_text.c - text for Lua. On plain strings, for everyone:
**   text.tokens("How do I reset it?")     -- 5
**   text.words(s), text.shingles(s, 5)    -- arrays of strings; text.shingles(s, 2, "word")
**   text.repetition_ratio(s)              -- share of repeated word bigrams, and the number of words
**   text.fold(s)                          -- lower case, one blank between words
** Row operators, for stages:
**   text.length { { field = "input", min = 20, max = 2048, below = REASON, above = REASON,
**                   metric = "input_tokens" }, … }
**   text.repetition { field = "output", max = 0.15, min_words = 10, reason = REASON, metric = "ratio" }
**   text.topics { … }   -- lua_topics.c */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "text/fold.h"
#include "text/lua_topics.h"
#include "text/ops.h"
#include "text/repetition.h"
#include "text/tokens.h"

int luaopen_text(lua_State *L);

static Span check_span(lua_State *L, int arg) {
  size_t len;
  const char *s = luaL_checklstring(L, arg, &len);
  return span_of(s, len);
}

static int f_tokens(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)tokens_count(check_span(L, 1)));
  return 1;
}

static int f_words(lua_State *L) {
  Span text = check_span(L, 1);
  lua_newtable(L);
  size_t at = 0;
  lua_Integer n = 0;
  for (Span w; (w = words_next(text, &at)).ptr != NULL;) {
    lua_pushlstring(L, w.ptr, w.len);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static int f_shingles(lua_State *L) {
  Span text = check_span(L, 1);
  lua_Integer size = luaL_optinteger(L, 2, 5);
  static const char *const units[] = { "char", "word", NULL };
  int words = luaL_checkoption(L, 3, "char", units);
  luaL_argcheck(L, size >= 1 && size <= 1000000, 2, "expected 1 to 1000000 code points or words");
  lua_newtable(L);
  size_t at = 0;
  lua_Integer n = 0;
  Span (*next)(Span, size_t, size_t *) = words ? token_shingles_next : shingles_next;
  for (Span s; (s = next(text, (size_t)size, &at)).ptr != NULL;) {
    lua_pushlstring(L, s.ptr, s.len);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* Pushes a buffer and folds the text at arg into it. [-0, +1, m] */
static Span fold_arg(lua_State *L, int arg) {
  Span text = check_span(L, arg);
  char *room = lua_newuserdatauv(L, fold_room(text.len), 0);
  return span_of(room, fold_text(room, text, 0, NULL));
}

static int f_fold(lua_State *L) {
  Span folded = fold_arg(L, 1);
  lua_pushlstring(L, folded.ptr, folded.len);
  return 1;
}

static int f_repetition_ratio(lua_State *L) {
  Span folded = fold_arg(L, 1);
  void *room = lua_newuserdatauv(L, repetition_room(repetition_words(folded)), 0);
  Bigrams b = repetition_bigrams(folded, room);
  lua_pushnumber(L, repetition_ratio(b));
  lua_pushinteger(L, (lua_Integer)b.words);
  return 2;
}

/* ---- operators ---- */

static int made(lua_State *L, RowOp *op, const Error *err) {
  if (op == NULL) return luaL_error(L, "%s", err->text);
  lua_setrowop(L, op);
  return 1;
}

static int f_length(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  LengthBound bound[LENGTH_MAX_BOUNDS];
  lua_Integer n = luaL_len(L, 1);
  luaL_argcheck(L, 1 <= n && n <= LENGTH_MAX_BOUNDS, 1, "expected 1 to 5 bounds");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, 1, i);
    luaL_checktype(L, -1, LUA_TTABLE);
    int t = lua_gettop(L);
    bound[i - 1] = (LengthBound){ param_field(L, t, "field"), param_number_or(L, t, "min", -HUGE_VAL),
                                  param_number_or(L, t, "max", HUGE_VAL), param_string(L, t, "below").ptr,
                                  param_string(L, t, "above").ptr, param_string(L, t, "metric").ptr };
    lua_pop(L, 1);
  }
  Error err;
  lua_newrowop(L);
  return made(L, length_op(bound, (size_t)n, &err), &err);
}

static int f_repetition(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  double min_words = param_number_or(L, 1, "min_words", 0);
  luaL_argcheck(L, min_words >= 0 && min_words < 1e9, 1, "expected min_words of 0 or more");
  RepetitionRule rule = { param_field(L, 1, "field"), param_number_or(L, 1, "max", HUGE_VAL), (size_t)min_words,
                          param_string(L, 1, "reason").ptr, param_string(L, 1, "metric").ptr };
  Error err;
  lua_newrowop(L);
  return made(L, repetition_op(&rule, &err), &err);
}

static const luaL_Reg FUNCTIONS[] = {
  { "tokens",           f_tokens },
  { "words",            f_words },
  { "shingles",         f_shingles },
  { "fold",             f_fold },
  { "repetition_ratio", f_repetition_ratio },
  { "length",           f_length },
  { "repetition",       f_repetition },
  { "topics",           text_lua_topics },
  { NULL, NULL }
};

int luaopen_text(lua_State *L) {
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
