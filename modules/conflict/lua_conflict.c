/* modules/conflict/lua_conflict.c - contradictions for Lua, for the stage of that name.
**   local op, info = conflict.find(view, { signals = { "number" }, max_output_similarity = 0, alike = 0.8,
**     label_words = 3, min_input_words = 4, most_answers = 32, action = "report", system = true, field = "output",
**     punctuation = "keep", near = { … } or nil, rank = METRIC or nil, majority = true, shingle = 5, top = 10,
**     yes = { "yes" }, no = { "no" }, neither = { "no problem" }, markers = { "####" },
**     negations = { { "isnt", "is" }, { "not" } } }, pool)
** near: what neardup.leaders takes as parameters. op is a row operator for that view; nil and a message
** ("interrupted") if it could not be made. info: rows, questions (that several rows ask), answered (with more than one
** answer), contradicted (of these), signals = { number = rows }, top = { { row =, twin =, signal =, rows = }, … },
** pairs that name each other, those of most rows first. */
#include <lauxlib.h>
#include <stdlib.h>

#include "conflict/conflict_op.h"
#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "neardup/lua_neardup.h"
#include "text/fold.h"

int luaopen_conflict(lua_State *L);

/* ---- parameters: the table at 2 ---- */

static int choice(lua_State *L, const char *key, const char *const *names) {
  lua_getfield(L, 2, key);
  int i = luaL_checkoption(L, -1, names[0], names);
  lua_pop(L, 1);
  return i;
}

static unsigned check_signals(lua_State *L) {
  unsigned set = 0;
  if (lua_getfield(L, 2, "signals") != LUA_TTABLE) luaL_error(L, "signals: expected a list of names");
  for (lua_Integer i = 1, n = luaL_len(L, -1); i <= n; i++) {
    lua_geti(L, -1, i);
    const char *name = lua_tostring(L, -1);
    int s = CONFLICT_SIGNALS - 1;
    while (s > 0 && (name == NULL || strcmp(name, conflict_signal_names[s]) != 0)) s--;
    if (s == 0) luaL_error(L, "signals[%d]: there is no such signal", (int)i);
    set |= 1u << s;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return set;
}

/* The strings of the list `key`, or of the first (part 1) or second (2) of its pairs; absent ones are "". A userdata
** on the stack; the table at 2 keeps the strings. [-0, +1, v] */
static Span *check_words(lua_State *L, const char *key, int part, size_t *n) {
  if (lua_getfield(L, 2, key) != LUA_TTABLE) luaL_error(L, "%s: expected a list", key);
  *n = (size_t)luaL_len(L, -1);
  Span *word = lua_newuserdatauv(L, (*n + 1) * sizeof *word, 0);
  for (size_t i = 0; i < *n; i++) {
    lua_geti(L, -2, (lua_Integer)i + 1);
    if (part > 0) {
      if (!lua_istable(L, -1)) luaL_error(L, "%s[%d]: expected a pair", key, (int)i + 1);
      lua_geti(L, -1, part);
      lua_remove(L, -2);
    }
    word[i] = span_of("", 0);
    if (lua_type(L, -1) == LUA_TSTRING) word[i].ptr = lua_tolstring(L, -1, &word[i].len);
    else if (part < 2) luaL_error(L, "%s[%d]: expected a string", key, (int)i + 1);
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return word;
}

static ConflictParams check_params(lua_State *L) {
  static const char *const actions[] = { "report", "keep_best", "reject", NULL };
  static const char *const punctuation[] = { "keep", "drop", NULL };
  ConflictParams p = { .action = (ConflictAction)choice(L, "action", actions) };
  p.fold_flags = choice(L, "punctuation", punctuation) ? FOLD_DROP_PUNCTUATION : 0;
  p.rules.signals = check_signals(L);
  p.rules.max_similarity = param_number(L, 2, "max_output_similarity", 0, 1);
  p.rules.alike = param_number(L, 2, "alike", 0, 1);
  p.rules.label_words = (size_t)param_number(L, 2, "label_words", 0, 1e6);
  p.rules.shingle = (unsigned)param_number(L, 2, "shingle", 1, GRAMS_MAX_SHINGLE);
  p.min_words = (size_t)param_number(L, 2, "min_input_words", 0, 1e9);
  p.most_answers = (size_t)param_number(L, 2, "most_answers", 1, 10000);
  lua_getfield(L, 2, "system");
  p.system = lua_toboolean(L, -1);
  lua_getfield(L, 2, "majority");
  p.majority = lua_toboolean(L, -1);
  lua_getfield(L, 2, "field");
  size_t len;
  const char *name = luaL_checklstring(L, -1, &len);
  p.output = field_by_name(span_of(name, len));
  if (p.output >= FIELD_COUNT) luaL_error(L, "field: no field is named %s", name);
  lua_pop(L, 3);
  return p;
}

static const double *check_rank(lua_State *L, const View *v) {
  const double *rank = NULL;
  if (lua_getfield(L, 2, "rank") != LUA_TNIL) {
    size_t len;
    const char *name = luaL_checklstring(L, -1, &len);
    rank = view_metric(v, span_of(name, len));
    if (rank == NULL) luaL_error(L, "rank: there is no metric %s", name);
  }
  lua_pop(L, 1);
  return rank;
}

/* ---- the tables of words: nothing may raise between here and the operator ---- */

typedef struct Tables { Span *yes, *no, *neither, *marker, *negation, *rest; size_t n[5]; } Tables;

static Tables check_tables(lua_State *L) {
  Tables w;
  w.yes = check_words(L, "yes", 0, &w.n[0]);
  w.no = check_words(L, "no", 0, &w.n[1]);
  w.neither = check_words(L, "neither", 0, &w.n[2]);
  w.marker = check_words(L, "markers", 0, &w.n[3]);
  w.negation = check_words(L, "negations", 1, &w.n[4]);
  w.rest = check_words(L, "negations", 2, &w.n[4]);
  return w;
}

static int by_word(const void *a, const void *b) {
  const Negation *x = a, *y = b;
  return (x->word > y->word) - (x->word < y->word);
}

static int make_rules(ConflictRules *r, const Tables *w) {
  if (phrases_init(&r->yes, w->yes, w->n[0]) != 0 || phrases_init(&r->no, w->no, w->n[1]) != 0 ||
      phrases_init(&r->neither, w->neither, w->n[2]) != 0 || phrases_lower(&r->marker, w->marker, w->n[3]) != 0)
    return -1;
  r->negation = calloc(w->n[4] + 1, sizeof *r->negation);
  if (r->negation == NULL) return -1;
  for (; r->nnegations < w->n[4]; r->nnegations++) {
    Span rest = w->rest[r->nnegations];
    r->negation[r->nnegations] = (Negation){ answer_word(w->negation[r->nnegations]), rest.len > 0 ? answer_word(rest) : 0 };
  }
  qsort(r->negation, r->nnegations, sizeof *r->negation, by_word);
  return 0;
}

/* ---- results ---- */

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

typedef struct Shown { uint32_t place, rows; } Shown;

static int by_rows(const void *a, const void *b) {
  const Shown *x = a, *y = b;
  if (x->rows != y->rows) return x->rows < y->rows ? 1 : -1;
  return (x->place > y->place) - (x->place < y->place);
}

/* One row of each pair that names each other, those with most contradicting rows first. */
static void push_top(lua_State *L, const Conflicts *c, size_t top) {
  Shown *shown = lua_newuserdatauv(L, (c->n + 1) * sizeof *shown, 0);
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++) {
    const ConflictRow *r = &c->found[i];
    if (r->twin != TEXT_NONE && c->found[r->twin].twin == i && i < r->twin)
      shown[n++] = (Shown){ (uint32_t)i, r->rows + c->found[r->twin].rows };
  }
  qsort(shown, n, sizeof *shown, by_rows);
  lua_newtable(L);
  for (size_t i = 0; i < n && i < top; i++) {
    const ConflictRow *r = &c->found[shown[i].place];
    lua_createtable(L, 0, 4);
    set_count(L, "row", (size_t)c->row[shown[i].place] + 1);
    set_count(L, "twin", (size_t)c->row[r->twin] + 1);
    set_count(L, "rows", shown[i].rows);
    lua_pushstring(L, conflict_signal_names[r->signal]);
    lua_setfield(L, -2, "signal");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_remove(L, -2);
}

static void push_info(lua_State *L, const Conflicts *c, size_t top) {
  size_t count[CONFLICT_SIGNALS] = { 0 };
  for (size_t i = 0; i < c->n; i++) count[c->found[i].signal]++;
  lua_createtable(L, 0, 7);
  set_count(L, "rows", c->n);
  set_count(L, "questions", c->questions);
  set_count(L, "answered", c->answered);
  set_count(L, "contradicted", c->contradicted);
  set_count(L, "contradicting", c->n - count[CONFLICT_NONE]);
  lua_newtable(L);
  for (int s = 1; s < CONFLICT_SIGNALS; s++)
    if (count[s] > 0) set_count(L, conflict_signal_names[s], count[s]);
  lua_setfield(L, -2, "signals");
  push_top(L, c, top);
  lua_setfield(L, -2, "top");
}

static int f_find(lua_State *L) {
  View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 3);
  lua_settop(L, 3);
  ConflictParams p = check_params(L);
  p.rank = check_rank(L, v);
  size_t top = (size_t)param_number(L, 2, "top", 0, 1e6);
  Tables words = check_tables(L);
  LeaderParams near;
  if (lua_getfield(L, 2, "near") != LUA_TNIL) {
    int at = lua_gettop(L);
    lua_pushvalue(L, 2);      /* lua_check_leaders reads the table at 2 */
    lua_pushvalue(L, at);
    lua_replace(L, 2);
    near = lua_check_leaders(L);
    lua_pushvalue(L, at + 1);
    lua_replace(L, 2);
    p.near = &near;
  }
  lua_newrowop(L);
  Error err = { "" };
  if (make_rules(&p.rules, &words) != 0) {
    conflict_rules_free(&p.rules);
    return luaL_error(L, "not enough memory");
  }
  RowOp *op = conflict_op_new(v, &p, pool, &err);
  if (op == NULL) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text[0] != '\0' ? err.text : "interrupted");
    return 2;
  }
  lua_setrowop(L, op);
  push_info(L, conflict_op_found(op), top);
  return 2;
}

int luaopen_conflict(lua_State *L) {
  static const luaL_Reg functions[] = { { "find", f_find }, { NULL, NULL } };
  luaL_newlib(L, functions);
  return 1;
}
