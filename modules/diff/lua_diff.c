/* modules/diff/lua_diff.c - two sets of rows compared, for the trusted scripts.
**   local a, err = rowdiff.side(view, pool)             -- the standing rows of a view
**   a:ids("ticket_id", pool)                         -- names them: { with = rows, distinct = values }
**   a:sample(4000)                                   -- about so many rows, chosen by their content
**   a:groups("topic", pool)                          -- { [value] = rows }; kept for m:moves
**   local m, err = rowdiff.match(a, b, { ids = true, near = { threshold =, shingle =, most =, crowd =, rounds =,
**     passes = { { shingle =, hashes =, rows =, from =, to =, floor = }, … } } }, pool)   -- see near.h
**   m:counts()          -- { a =, b =, same_id =, same =, edited_id =, edited_folded =, edited_near =, added =,
**                              removed = }
**   m:rows("added" [, most])   -- { { b = row }, … }; of "removed" { a = }, of others { a =, b =, jaccard = }. All of
**                              them in the order of B (removed: of A), or `most` in an order of the rows' own
**   m:moves("topic", pool)     -- pairs whose value differs: { { from =, to =, rows = }, … }, most frequent first
**   rowdiff.annotate(view, "run/ledger.db", "@topic", "topic")   -- a column of a run's ledger for the rows of its
**                                                                files, as an annotation; or nil and a message
**   rowdiff.since(view, "run/ledger.db")   -- rows kept that the earlier run did not, and lost: { kept =,
**                              kept_before =, gained =, lost =, causes = { { lost =, stage =, reason =, rows = }, … } };
**                              a cause without a stage: the row was not, or is no more, in the sources
** nil and "interrupted", or a message, where it cannot be done. Rows count from 1. */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_core.h"
#include "core/lua_type.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_value.h"
#include "diff/keys.h"
#include "diff/match.h"
#include "diff/since.h"

int luaopen_rowdiff(lua_State *L);

#define SIDE_TYPE "tamis.diff_side"     /* userdata: a DiffSide */
#define MATCH_TYPE "tamis.diff_match"   /* userdata: a DiffMatch; user values 1 and 2: its sides */

static int push_failure(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

static DiffSide *check_side(lua_State *L, int arg) {
  DiffSide *s = luaL_checkudata(L, arg, SIDE_TYPE);
  luaL_argcheck(L, s->view != NULL, arg, "side is closed");
  return s;
}

static DiffMatch *check_match(lua_State *L, DiffSide **a, DiffSide **b) {
  DiffMatch *m = luaL_checkudata(L, 1, MATCH_TYPE);
  luaL_argcheck(L, m->how != NULL, 1, "match is closed");
  lua_getiuservalue(L, 1, 1);
  *a = check_side(L, -1);
  lua_getiuservalue(L, 1, 2);
  *b = check_side(L, -1);
  lua_pop(L, 2);   /* the match holds them */
  return m;
}

static int side_gc(lua_State *L) {
  diff_side_free(luaL_checkudata(L, 1, SIDE_TYPE));
  return 0;
}

static int match_gc(lua_State *L) {
  diff_match_free(luaL_checkudata(L, 1, MATCH_TYPE));
  return 0;
}

static int f_side(lua_State *L) {
  View *v = lua_checkview(L, 1);
  Pool *pool = lua_optpool(L, 2);
  DiffSide *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (DiffSide){ 0 };
  luaL_setmetatable(L, SIDE_TYPE);
  Error err = { "" };
  return diff_side_init(s, v, pool, &err) == 0 ? 1 : push_failure(L, &err);
}

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

static Span check_text(lua_State *L, int arg) {
  Span s;
  s.ptr = luaL_checklstring(L, arg, &s.len);
  return s;
}

static int side_ids(lua_State *L) {
  DiffSide *s = check_side(L, 1);
  Span key = check_text(L, 2);
  Pool *pool = lua_optpool(L, 3);
  DiffIds found;
  Error err = { "" };
  if (diff_side_ids(s, key, pool, &found, &err) != 0) return push_failure(L, &err);
  lua_createtable(L, 0, 2);
  set_count(L, "with", found.with);
  set_count(L, "distinct", found.distinct);
  return 1;
}

/* side:sample(n): about n rows, by their content: equal rows of two sides are in both samples or in none. */
static int side_sample(lua_State *L) {
  const DiffSide *s = check_side(L, 1);
  const lua_Integer want = luaL_checkinteger(L, 2);
  luaL_argcheck(L, want >= 1, 2, "expected 1 row or more");
  const uint64_t below = (size_t)want >= s->n ? UINT64_MAX : UINT64_MAX / s->n * (uint64_t)want;
  lua_newtable(L);
  lua_Integer k = 0;
  for (size_t i = 0; i < s->n; i++) {
    if (s->content[i].lo > below) continue;
    lua_pushinteger(L, (lua_Integer)s->row[i] + 1);
    lua_rawseti(L, -2, ++k);
  }
  return 1;
}

static int side_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_side(L, 1)->n);
  return 1;
}

/* ---- parameters, of the table at the top ---- */

static lua_Number number_at(lua_State *L, const char *key, lua_Number min, lua_Number max) {
  int is;
  lua_getfield(L, -1, key);
  lua_Number n = lua_tonumberx(L, -1, &is);
  if (!is || !(n >= min && n <= max)) luaL_error(L, "%s: expected a number from %f to %f", key, min, max);
  lua_pop(L, 1);
  return n;
}

static NearPass check_pass(lua_State *L) {
  NearPass p = {
    .shingle = (unsigned)number_at(L, "shingle", 1, GRAMS_MAX_SHINGLE),
    .hashes = (unsigned)number_at(L, "hashes", 8, NEAR_HASHES),
    .from = (size_t)number_at(L, "from", 0, 1e15), .to = (size_t)number_at(L, "to", 0, 1e15),
    .floor = number_at(L, "floor", 0, 1),
  };
  p.rows = (unsigned)number_at(L, "rows", 1, p.hashes);
  if (p.hashes % 8 != 0) luaL_error(L, "hashes: expected a multiple of 8");
  return p;
}

static NearParams check_near(lua_State *L) {
  NearParams p = {
    .threshold = number_at(L, "threshold", 0, 1), .shingle = (unsigned)number_at(L, "shingle", 1, GRAMS_MAX_SHINGLE),
    .most = (unsigned)number_at(L, "most", 1, NEAR_MOST), .crowd = (unsigned)number_at(L, "crowd", 1, 65536),
    .rounds = (unsigned)number_at(L, "rounds", 1, 100), .path = simd_best(),
  };
  if (lua_getfield(L, -1, "passes") != LUA_TTABLE) luaL_error(L, "passes: expected a list");
  p.npasses = (size_t)luaL_len(L, -1);
  if (p.npasses > NEAR_PASSES) luaL_error(L, "passes: expected at most %d", NEAR_PASSES);
  for (size_t i = 0; i < p.npasses; i++) {
    if (lua_geti(L, -1, (lua_Integer)i + 1) != LUA_TTABLE) luaL_error(L, "passes: expected tables");
    p.pass[i] = check_pass(L);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return p;
}

static int f_match(lua_State *L) {
  DiffSide *a = check_side(L, 1), *b = check_side(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  DiffParams p = { 0 };
  lua_getfield(L, 3, "ids");
  p.by_id = lua_toboolean(L, -1);
  luaL_argcheck(L, !p.by_id || (a->id != NULL && b->id != NULL), 3, "expected sides with ids");
  if (lua_getfield(L, 3, "near") == LUA_TTABLE) {
    p.by_near = 1;
    p.near = check_near(L);
  }
  DiffMatch *m = lua_newuserdatauv(L, sizeof *m, 2);
  *m = (DiffMatch){ 0 };
  luaL_setmetatable(L, MATCH_TYPE);
  for (int i = 1; i <= 2; i++) {
    lua_pushvalue(L, i);
    lua_setiuservalue(L, -2, i);
  }
  Error err = { "" };
  return diff_match(a, b, &p, pool, m, &err) == 0 ? 1 : push_failure(L, &err);
}

static int match_counts(lua_State *L) {
  DiffSide *a, *b;
  const DiffMatch *m = check_match(L, &a, &b);
  lua_createtable(L, 0, 9);
  set_count(L, "a", m->na);
  set_count(L, "b", m->nb);
  set_count(L, "same_id", m->count[DIFF_SAME_ID]);
  set_count(L, "same", m->count[DIFF_SAME]);
  set_count(L, "edited_id", m->count[DIFF_EDITED_ID]);
  set_count(L, "edited_folded", m->count[DIFF_EDITED_FOLDED]);
  set_count(L, "edited_near", m->count[DIFF_EDITED_NEAR]);
  set_count(L, "added", m->count[DIFF_NEW]);
  set_count(L, "removed", m->na - (m->nb - m->count[DIFF_NEW]));
  return 1;
}

/* ---- rows ---- */

static const char *const how_names[] = { "added", "same_id", "same", "edited_id", "edited_folded", "edited_near",
                                         "removed", NULL };
enum { HOW_REMOVED = DIFF_HOW_COUNT };

/* Adds the row at a place as the next of the list at the top. */
static void add_row(lua_State *L, const DiffSide *a, const DiffSide *b, const DiffMatch *m, int how, uint32_t place) {
  lua_createtable(L, 0, 3);
  if (how == HOW_REMOVED) {
    set_count(L, "a", a->row[place] + (size_t)1);
  } else {
    set_count(L, "b", b->row[place] + (size_t)1);
    if (m->of_b[place] != DIFF_NONE) set_count(L, "a", a->row[m->of_b[place]] + (size_t)1);
    if (!isnan(m->jaccard[place])) {
      lua_pushnumber(L, (lua_Number)m->jaccard[place]);
      lua_setfield(L, -2, "jaccard");
    }
  }
  lua_rawseti(L, -2, luaL_len(L, -2) + 1);
}

static int match_rows(lua_State *L) {
  DiffSide *a, *b;
  const DiffMatch *m = check_match(L, &a, &b);
  const int how = luaL_checkoption(L, 2, NULL, how_names), removed = how == HOW_REMOVED;
  const DiffSide *side = removed ? a : b;
  const lua_Integer most = luaL_optinteger(L, 3, -1);
  if (most < 0) {
    lua_newtable(L);
    for (uint32_t i = 0; i < side->n; i++)
      if (removed ? m->of_a[i] == DIFF_NONE : m->how[i] == how) add_row(L, a, b, m, how, i);
    return 1;
  }
  luaL_argcheck(L, most <= 1000, 3, "expected at most 1000 rows");
  uint32_t *place = lua_newuserdatauv(L, ((size_t)most + 1) * sizeof *place, 0);
  size_t n = diff_examples(side, m, removed, (unsigned)how, place, (size_t)most);
  lua_newtable(L);
  for (size_t i = 0; i < n; i++) add_row(L, a, b, m, how, place[i]);
  return 1;
}

/* ---- moves ---- */

/* Holds what a kernel gave until it is told. */
typedef struct Holder { void *p; } Holder;
#define HOLDER_TYPE "tamis.diff_holder"

static int holder_gc(lua_State *L) {
  Holder *h = luaL_checkudata(L, 1, HOLDER_TYPE);
  free(h->p);
  h->p = NULL;
  return 0;
}

/* [-0, +1, m] */
static Holder *new_holder(lua_State *L) {
  Holder *h = lua_newuserdatauv(L, sizeof *h, 0);
  h->p = NULL;
  luaL_setmetatable(L, HOLDER_TYPE);
  return h;
}

/* side:groups("topic", pool): { [value] = rows }; "unknown": without one */
static int side_groups(lua_State *L) {
  DiffSide *s = check_side(L, 1);
  Span key = check_text(L, 2);
  Pool *pool = lua_optpool(L, 3);
  Error err = { "" };
  DiffGroup *group = NULL;
  size_t n = 0;
  Holder *h = new_holder(L);
  if (diff_side_key(s, key, pool, &err) != 0) return push_failure(L, &err);
  if (diff_side_groups(s, &group, &n) != 0) return luaL_error(L, "not enough memory");
  h->p = group;
  lua_newtable(L);
  lua_Integer without = 0;
  for (size_t i = 0; i < n; i++) {
    Value v = names_value(s->view->corpus->names, group[i].id);
    lua_Integer rows = group[i].rows;
    if (v.type == VALUE_NONE || (v.type == VALUE_STRING && span_eq(v.text, span_str("unknown")))) {
      without += rows;
      continue;
    }
    lua_pushrowvalue(L, v);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    rows += lua_tointeger(L, -1);   /* 1 and 1.0 are one key */
    lua_pop(L, 1);
    lua_pushinteger(L, rows);
    lua_rawset(L, -3);
  }
  if (without > 0) set_count(L, "unknown", (size_t)without);
  return 1;
}

static void set_value(lua_State *L, const char *key, const DiffSide *s, uint32_t id) {
  lua_pushrowvalue(L, names_value(s->view->corpus->names, id));
  lua_setfield(L, -2, key);
}

static int match_moves(lua_State *L) {
  DiffSide *a, *b;
  const DiffMatch *m = check_match(L, &a, &b);
  Span key = check_text(L, 2);
  Pool *pool = lua_optpool(L, 3);
  size_t n = 0;
  DiffMove *move = NULL;
  Error err = { "" };
  Holder *h = new_holder(L);
  if (diff_side_key(a, key, pool, &err) != 0 || diff_side_key(b, key, pool, &err) != 0) return push_failure(L, &err);
  if (diff_moves(a, b, m, &move, &n) != 0) return luaL_error(L, "not enough memory");
  h->p = move;
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 3);
    set_value(L, "from", a, move[i].from);
    set_value(L, "to", b, move[i].to);
    set_count(L, "rows", move[i].count);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int f_annotate(lua_State *L) {
  View *v = lua_checkview(L, 1);
  const char *path = luaL_checkstring(L, 2), *column = luaL_checkstring(L, 3);
  Span name = check_text(L, 4);
  Error err = { "" };
  View *child = keys_annotate(v, path, column, name, &err);
  if (child == NULL) return push_failure(L, &err);
  lua_pushview(L, child);
  return 1;
}

/* ---- since an earlier run ---- */

#define SINCE_TYPE "tamis.diff_since"   /* userdata: a Since, for the time of a call */

static int since_gc(lua_State *L) {
  since_free(luaL_checkudata(L, 1, SINCE_TYPE));
  return 0;
}

static void push_cause(lua_State *L, const SinceCause *c) {
  lua_createtable(L, 0, 4);
  lua_pushboolean(L, c->lost);
  lua_setfield(L, -2, "lost");
  set_count(L, "rows", c->rows);
  if (c->stage == NULL) return;
  lua_pushstring(L, c->stage);
  lua_setfield(L, -2, "stage");
  lua_pushstring(L, c->reason);
  lua_setfield(L, -2, "reason");
}

static int f_since(lua_State *L) {
  View *v = lua_checkview(L, 1);
  const char *path = luaL_checkstring(L, 2);
  Error err = { "" };
  Since *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (Since){ 0 };
  luaL_setmetatable(L, SINCE_TYPE);
  if (since_find(v, path, s, &err) != 0) return push_failure(L, &err);
  lua_createtable(L, 0, 5);
  set_count(L, "kept", s->kept);
  set_count(L, "kept_before", s->kept_before);
  set_count(L, "gained", s->gained);
  set_count(L, "lost", s->lost);
  lua_createtable(L, (int)s->ncauses, 0);
  for (size_t i = 0; i < s->ncauses; i++) {
    push_cause(L, &s->cause[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "causes");
  since_free(s);
  return 1;
}

static const luaL_Reg functions[] = {
  { "side",     f_side },
  { "match",    f_match },
  { "annotate", f_annotate },
  { "since",    f_since },
  { NULL, NULL }
};
static const luaL_Reg side_methods[] = {
  { "ids",    side_ids },
  { "sample", side_sample },
  { "groups", side_groups },
  { "close",  side_gc },
  { NULL, NULL }
};
static const luaL_Reg side_meta[] = {
  { "__gc",    side_gc },
  { "__close", side_gc },
  { "__len",   side_len },
  { NULL, NULL }
};
static const luaL_Reg match_methods[] = {
  { "counts", match_counts },
  { "rows",   match_rows },
  { "moves",  match_moves },
  { "close",  match_gc },
  { NULL, NULL }
};
static const luaL_Reg match_meta[] = { { "__gc", match_gc }, { "__close", match_gc }, { NULL, NULL } };
static const luaL_Reg since_meta[] = { { "__gc", since_gc }, { NULL, NULL } };
static const luaL_Reg holder_meta[] = { { "__gc", holder_gc }, { NULL, NULL } };

int luaopen_rowdiff(lua_State *L) {
  lua_newtype(L, SIDE_TYPE, side_meta, side_methods);
  lua_newtype(L, MATCH_TYPE, match_meta, match_methods);
  lua_newtype(L, HOLDER_TYPE, holder_meta, NULL);
  lua_newtype(L, SINCE_TYPE, since_meta, NULL);
  luaL_newlib(L, functions);
  return 1;
}
