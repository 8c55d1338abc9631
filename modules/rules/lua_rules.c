/* modules/rules/lua_rules.c - the rules for Lua: row operators for stages, and the figures of one text.
**   rules.check { kernel = "quality", field = "output", numbers = { short_line_chars = 30 }, words = { "the" },
**                 bounds = { { measure = "words", min = 50, max = 100000, below = REASON, above = REASON } } }
**     field = "strings": every string of the row; against = "input" for two texts
**   rules.markers { field = "input", words = { "answer:" }, action = "reject", reason = REASON, metric = NAME }
**     action = "strip": takes them out
**   rules.phrases { … }   -- lua_phrases.c; rules.chat: lua_chat.c; rules.dates, rules.completion: lua_dates.c
**   rules.chain(op, op)         -- two operators as one
**   rules.figures("quality", text, { numbers = …, words = …, against = … })   -- { words = 12, … }, and spans
**   rules.measures("quality")   -- names, in order */
#include <lauxlib.h>
#include <math.h>

#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "rules/lua_rules.h"
#include "rules/markers.h"
#include "rules/rules.h"
#include "rules/rules_op.h"

int luaopen_rules(lua_State *L);

static const RuleKernel *need_kernel(lua_State *L, Span name) {
  const RuleKernel *k = rules_kernel(name);
  if (k == NULL) luaL_error(L, "there is no kernel \"%s\"", name.ptr);
  return k;
}

/* The list `words` of the table at t; its strings stay alive as long as the table does. */
static size_t read_words(lua_State *L, int t, Span word[RULES_MAX_WORDS]) {
  lua_getfield(L, t, "words");
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_Integer n = luaL_len(L, -1);
  if (n > RULES_MAX_WORDS) luaL_error(L, "words: expected at most %d, got %d", RULES_MAX_WORDS, (int)n);
  for (lua_Integer i = 1; i <= n; i++) {
    if (lua_geti(L, -1, i) != LUA_TSTRING) luaL_error(L, "words[%d]: expected a string", (int)i);
    word[i - 1].ptr = lua_tolstring(L, -1, &word[i - 1].len);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return (size_t)n;
}

/* numbers and words of the table at t. The strings stay alive as long as the table does. */
static void read_setup(lua_State *L, int t, const RuleKernel *k, RuleSetup *s) {
  *s = (RuleSetup){ .wanted = ~(uint32_t)0 };
  if (lua_getfield(L, t, "numbers") == LUA_TTABLE) {
    for (int i = 0; k->numbers[i] != NULL; i++) s->number[i] = param_number_or(L, lua_gettop(L), k->numbers[i], 0);
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING || rules_number(k, span_str(lua_tostring(L, -2))) < 0)
        luaL_error(L, "numbers: %s has no such number", k->name);
    }
  }
  lua_pop(L, 1);
  if (lua_getfield(L, t, "words") != LUA_TNIL) s->nwords = read_words(L, t, s->word);
  lua_pop(L, 1);
}

static void read_bound(lua_State *L, int t, const RuleKernel *k, RuleBound *b) {
  Span name = param_string(L, t, "measure");
  *b = (RuleBound){ rules_measure(k, name), param_number_or(L, t, "min", -HUGE_VAL), param_number_or(L, t, "max", HUGE_VAL),
                    "", "", name.ptr };
  if (b->measure < 0) luaL_error(L, "%s measures no \"%s\"", k->name, name.ptr);
  if (b->min > -HUGE_VAL) b->below = param_string(L, t, "below").ptr;
  if (b->max < HUGE_VAL) b->above = param_string(L, t, "above").ptr;
}

static int f_check(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  RuleBound bound[ROWOP_MAX_METRICS];
  RuleSpec spec = { .kernel = need_kernel(L, param_string(L, 1, "kernel")), .field = FIELD_NONE,
                    .against = FIELD_NONE, .bound = bound };
  read_setup(L, 1, spec.kernel, &spec.setup);
  if (!span_eq(param_string(L, 1, "field"), span_str("strings"))) spec.field = param_field(L, 1, "field");
  if (lua_getfield(L, 1, "against") != LUA_TNIL) spec.against = param_field(L, 1, "against");
  lua_getfield(L, 1, "bounds");
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_Integer n = luaL_len(L, -1);
  luaL_argcheck(L, 0 <= n && n <= ROWOP_MAX_METRICS, 1, "expected at most 24 bounds");
  for (; spec.nbounds < (size_t)n; spec.nbounds++) {
    if (lua_geti(L, -1, (lua_Integer)spec.nbounds + 1) != LUA_TTABLE) return luaL_error(L, "bounds: expected tables");
    read_bound(L, lua_gettop(L), spec.kernel, &bound[spec.nbounds]);
    lua_pop(L, 1);
  }
  Error err;
  lua_newrowop(L);
  RowOp *op = rules_op(&spec, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}

static int f_markers(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Span word[RULES_MAX_WORDS];
  Field field = param_field(L, 1, "field");
  size_t n = read_words(L, 1, word);
  MarkerAction action = span_eq(param_string(L, 1, "action"), span_str("strip")) ? MARKER_STRIP : MARKER_REJECT;
  const char *reason = param_string(L, 1, "reason").ptr, *metric = param_string(L, 1, "metric").ptr;
  Error err;
  lua_newrowop(L);
  RowOp *op = markers_op(field, word, n, action, reason, metric, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}

static int f_chain(lua_State *L) {
  RowOp *first = lua_checkrowop(L, 1), *second = lua_checkrowop(L, 2);
  lua_newrowop(L);
  RowOp *op = rowop_chain(rowop_ref(first), rowop_ref(second));
  if (op == NULL) return luaL_error(L, "not enough memory, or more than %d metrics", ROWOP_MAX_METRICS);
  lua_setrowop(L, op);
  return 1;
}

static int f_figures(lua_State *L) {
  Span text, against = span_of("", 0);
  RuleSetup setup = { .wanted = ~(uint32_t)0 };
  Finding found[RULES_MAX_MEASURES];
  const RuleKernel *k = need_kernel(L, span_str(luaL_checkstring(L, 1)));
  text.ptr = luaL_checklstring(L, 2, &text.len);
  lua_settop(L, 3);
  if (lua_istable(L, 3)) {
    read_setup(L, 3, k, &setup);
    if (lua_getfield(L, 3, "against") == LUA_TSTRING) against.ptr = lua_tolstring(L, -1, &against.len);
  }
  if (rules_run(k, &setup, text, against, found) != 0) return luaL_error(L, "not enough memory");
  lua_newtable(L);
  lua_newtable(L);
  for (int i = 0; k->measures[i] != NULL; i++) {
    if (isnan(found[i].value)) continue;
    lua_pushnumber(L, found[i].value);
    lua_setfield(L, -3, k->measures[i]);
    lua_pushlstring(L, text.ptr + found[i].start, found[i].end - found[i].start);
    lua_setfield(L, -2, k->measures[i]);
  }
  return 2;
}

static int f_measures(lua_State *L) {
  const RuleKernel *k = need_kernel(L, span_str(luaL_checkstring(L, 1)));
  lua_newtable(L);
  for (int i = 0; k->measures[i] != NULL; i++) {
    lua_pushstring(L, k->measures[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static const luaL_Reg FUNCTIONS[] = {
  { "check",    f_check },
  { "figures",  f_figures },
  { "measures", f_measures },
  { "markers",  f_markers },
  { "chain",    f_chain },
  { "phrases",  rules_lua_phrases },
  { "chat",     rules_lua_chat },
  { "dates",    rules_lua_dates },
  { "completion", rules_lua_completion },
  { NULL, NULL }
};

int luaopen_rules(lua_State *L) {
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
