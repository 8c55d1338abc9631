/* modules/text/lua_text.c - text for Lua. On plain strings, for everyone:
**   text.tokens("How do I reset it?")     -- 5
**   text.words(s), text.shingles(s, 5)    -- arrays of strings; text.shingles(s, 2, "word")
**   text.repetition_ratio(s)              -- share of repeated word bigrams, and the number of words
**   text.fold(s)                          -- lower case, one blank between words
** Row operators, for stages:
**   text.length { { field = "input", min = 20, max = 2048, below = REASON, above = REASON,
**                   metric = "input_tokens" }, … }
**   text.repetition { field = "output", max = 0.15, min_words = 10, reason = REASON, metric = "ratio" }
**   text.topics { field = "input", annotation = "topic", unknown = "unknown",
**                 rules = { { "billing", "invoice", "refund*" }, … } } */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "corpus/lua_rowop.h"
#include "text/fold.h"
#include "text/ops.h"
#include "text/repetition.h"
#include "text/tokens.h"
#include "text/topics.h"

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

/* Values of the table at t; what is missing raises with the key's name. The strings stay alive as
** long as the table does. */
static const char *need_string(lua_State *L, int t, const char *key, size_t *len) {
  lua_getfield(L, t, key);
  const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, len) : NULL;
  if (s == NULL) luaL_error(L, "%s: expected a string, got %s", key, luaL_typename(L, -1));
  lua_pop(L, 1);
  return s;
}

static double opt_number(lua_State *L, int t, const char *key, double missing) {
  lua_getfield(L, t, key);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "%s: expected a number, got %s", key, luaL_typename(L, -1));
  double v = lua_isnil(L, -1) ? missing : lua_tonumber(L, -1);
  lua_pop(L, 1);
  return v;
}

static Field need_field(lua_State *L, int t) {
  size_t len;
  const char *name = need_string(L, t, "field", &len);
  Field f = field_by_name(span_of(name, len));
  if (f == FIELD_NONE)
    luaL_error(L, "field: expected system, input, output, alternative or assistant, got \"%s\"", name);
  return f;
}

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
    bound[i - 1] = (LengthBound){ need_field(L, t), opt_number(L, t, "min", -HUGE_VAL),
                                  opt_number(L, t, "max", HUGE_VAL), need_string(L, t, "below", NULL),
                                  need_string(L, t, "above", NULL), need_string(L, t, "metric", NULL) };
    lua_pop(L, 1);
  }
  Error err;
  lua_newrowop(L);
  return made(L, length_op(bound, (size_t)n, &err), &err);
}

static int f_repetition(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  double min_words = opt_number(L, 1, "min_words", 0);
  luaL_argcheck(L, min_words >= 0 && min_words < 1e9, 1, "expected min_words of 0 or more");
  RepetitionRule rule = { need_field(L, 1), opt_number(L, 1, "max", HUGE_VAL), (size_t)min_words,
                          need_string(L, 1, "reason", NULL), need_string(L, 1, "metric", NULL) };
  Error err;
  lua_newrowop(L);
  return made(L, repetition_op(&rule, &err), &err);
}

/* How many phrases the rules at index t hold; raises on a rule that is none. */
static size_t count_phrases(lua_State *L, int t, lua_Integer nrules) {
  size_t n = 0;
  for (lua_Integer r = 1; r <= nrules; r++) {
    if (lua_geti(L, t, r) != LUA_TTABLE) luaL_error(L, "rules[%d]: expected a table", (int)r);
    lua_Integer len = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= len; i++) {
      if (lua_geti(L, -1, i) != LUA_TSTRING)
        luaL_error(L, "rules[%d][%d]: expected a string, got %s", (int)r, (int)i, luaL_typename(L, -1));
      lua_pop(L, 1);
    }
    if (len < 2) luaL_error(L, "rules[%d]: expected a topic and one phrase or more", (int)r);
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
      size_t bytes;
      lua_geti(L, -1, i);
      const char *s = lua_tolstring(L, -1, &bytes);
      lua_pop(L, 1);
      if (i == 1) name[r - 1] = span_of(s, bytes);
      else *phrase++ = (TopicPhrase){ span_of(s, bytes), (uint32_t)(r - 1) };
    }
    lua_pop(L, 1);
  }
}

static int f_topics(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Field field = need_field(L, 1);
  Span annotation, unknown;
  annotation.ptr = need_string(L, 1, "annotation", &annotation.len);
  unknown.ptr = need_string(L, 1, "unknown", &unknown.len);
  lua_getfield(L, 1, "rules");
  luaL_checktype(L, -1, LUA_TTABLE);
  int t = lua_gettop(L);
  lua_Integer nrules = luaL_len(L, t);
  size_t n = count_phrases(L, t, nrules);
  Span *name = lua_newuserdatauv(L, ((size_t)nrules + 1) * sizeof *name, 0);
  TopicPhrase *phrase = lua_newuserdatauv(L, (n + 1) * sizeof *phrase, 0);
  read_rules(L, t, nrules, name, phrase);
  lua_newrowop(L);
  Error err;
  Topics *topics = topics_new(phrase, n, &err);
  if (topics == NULL) {
    lua_pushnil(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  return made(L, topics_op(topics, field, annotation, name, (size_t)nrules, unknown, &err), &err);
}

static const luaL_Reg FUNCTIONS[] = {
  { "tokens",           f_tokens },
  { "words",            f_words },
  { "shingles",         f_shingles },
  { "fold",             f_fold },
  { "repetition_ratio", f_repetition_ratio },
  { "length",           f_length },
  { "repetition",       f_repetition },
  { "topics",           f_topics },
  { NULL, NULL }
};

int luaopen_text(lua_State *L) {
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
