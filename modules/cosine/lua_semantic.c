/* modules/cosine/lua_semantic.c - the stage semantic_dedup for Lua. All return nil, message ("interrupted") on failure.
**   semantic.dedup(view, { threshold =, cluster = "leader" or "components", keep =, floor = (all pairs from here on) and
**                          evidence_pairs = (so many a row at most), max_cluster =, fields = (what was embedded; {}: not known),
**                          rank =, search = "exact" or "approximate" }, vectors, pool [, again])
**     -- verdicts and, of a first visit, a table of figures. again: { rows = { 3, 8 }, barred = { 8 } }, as
**     -- neardup.leaders takes it
**   semantic.sweep(view, p, vectors, evidence, pool)     -- as neardup.sweep
**   semantic.sweep_rows(states, p, evidence [, rank])    -- as neardup.sweep_rows; false where vectors are needed
**   semantic.has_approximate()                           -- false: built without FAISS
** For people who look around: the rows of `rows` (all if nil) whose vectors are nearest to that of a text, best first:
**   semantic.nearest(view, vectors, text, { k = 5, rows = { 1, 7 } }, pool)   -- { { row = 7, cosine = 0.91 }, … }; false
**     -- where the embedding finds nothing in the text that it knows */
#include <lauxlib.h>
#include <string.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_verdicts.h"
#include "cosine/nearest.h"
#include "cosine/semantic_dedup.h"
#include "neardup/lua_neardup.h"
#include "vectors/lua_vectors.h"

int luaopen_semantic(lua_State *L);

static int push_failure(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

/* The vectors at arg must be of the view's rows. */
static SemanticStage check_stage(lua_State *L, const View *v, int arg) {
  SemanticStage s = { .vectors = lua_checkvectors(L, arg), .leaders = lua_check_clusters(L) };
  luaL_argcheck(L, s.vectors->nrows == v->corpus->nrows, arg, "expected vectors of the view's rows");
  lua_getfield(L, 2, "fields");
  const int known = !lua_istable(L, -1) || luaL_len(L, -1) > 0;
  lua_pop(L, 1);
  s.fields = known ? lua_check_fields(L) : 0;
  s.leaders.rank = lua_check_rank(L, v);
  lua_getfield(L, 2, "search");
  s.approximate = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "approximate") == 0;
  lua_pop(L, 1);
  return s;
}

static void push_figures(lua_State *L, const SemanticCounts *c, size_t pairs) {
  lua_createtable(L, 0, 16);
  set_count(L, "rows", c->rows);
  set_count(L, "without", c->without);
  set_count(L, "pairs", pairs);
  set_count(L, "distinct", c->search.distinct);
  set_count(L, "pairs_looked_at", c->search.pairs);
  set_count(L, "by_cluster", c->search.by_cluster);
  set_count(L, "by_annulus", c->search.by_annulus);
  set_count(L, "by_head", c->search.by_head);
  set_count(L, "proposed", c->search.proposed);
  set_count(L, "head", c->search.head);
  set_count(L, "search_clusters", c->search.clusters);
  if (c->approximate.lists > 0) {
    set_count(L, "lists", c->approximate.lists);
    set_count(L, "probes", c->approximate.probes);
    set_count(L, "recall_rows", c->approximate.sample);
    set_count(L, "recall_pairs", c->approximate.sample_pairs);
    if (c->approximate.sample_pairs > 0) {
      lua_pushnumber(L, c->approximate.recall);
      lua_setfield(L, -2, "recall");
    }
  }
  lua_set_clusters(L, &c->clusters, c->open, c->loosest_twin);
}

static int f_dedup(lua_State *L) {
  View *v = lua_checkview(L, 1);
  SemanticStage s = check_stage(L, v, 3);
  Pool *pool = lua_optpool(L, 4);
  const int second = !lua_isnoneornil(L, 5);
  NeardupAgain again = { 0 };
  if (second) again = lua_check_again(L, v, 5);
  Error err = { "" };
  SemanticCounts counts;
  lua_newverdicts(L);
  VerdictList *list = second ? semantic_dedup_again(v, &s, &again, pool, &err)
                             : semantic_dedup(v, &s, pool, &counts, &err);
  if (list == NULL) return push_failure(L, &err);
  lua_setverdicts(L, list);
  if (second) return 1;
  push_figures(L, &counts, list->npairs);
  return 2;
}

static int f_has_approximate(lua_State *L) {
  lua_pushboolean(L, approximate_available());
  return 1;
}

static int f_sweep(lua_State *L) {
  View *v = lua_checkview(L, 1);
  SemanticStage s = check_stage(L, v, 3);
  SweepEvidence e = lua_check_evidence(L, 4);
  Pool *pool = lua_optpool(L, 5);
  SweepParams p = lua_check_thresholds(L, &s.leaders);
  SweepStep *step = lua_new_steps(L, &p);
  Error err = { "" };
  if (semantic_dedup_sweep(v, &s, &e, &p, pool, step, &err) != 0) return push_failure(L, &err);
  lua_push_steps(L, step, p.nsteps);
  return 1;
}

static int f_sweep_rows(lua_State *L) {
  luaL_checkstring(L, 1);
  LeaderParams p = lua_check_clusters(L);
  SweepEvidence e = lua_check_evidence(L, 3);
  lua_settop(L, 4);
  SweepRows of = lua_check_states(L, 1);
  SweepParams s = lua_check_thresholds(L, &p);
  SweepStep *step = lua_new_steps(L, &s);
  Error err = { "" };
  int r = neardup_sweep_rows(&of, &p, &e, &s, step, &err);
  if (r == SWEEP_NEEDS_TEXTS) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (r != 0) return push_failure(L, &err);
  lua_push_steps(L, step, s.nsteps);
  return 1;
}

/* Slots of the rows that t.rows lists, or of all: a userdata on the stack; *n of them [-0, +1, v] */
static uint32_t *check_slots(lua_State *L, const Vectors *v, int t, uint32_t *n) {
  const int some = lua_getfield(L, t, "rows") != LUA_TNIL;
  if (some) luaL_checktype(L, -1, LUA_TTABLE);
  const size_t rows = some ? (size_t)luaL_len(L, -1) : v->nrows;
  uint32_t *slot = lua_newuserdatauv(L, (rows + 1) * sizeof *slot, 0);
  *n = 0;
  for (size_t i = 0; i < rows; i++) {
    lua_Integer row = (lua_Integer)i + 1;
    if (some) {
      lua_geti(L, -2, row);
      row = lua_tointeger(L, -1);
      lua_pop(L, 1);
    }
    if (row < 1 || row > (lua_Integer)v->nrows) luaL_error(L, "rows: expected row numbers from 1 to %d", (int)v->nrows);
    if (v->slot[row - 1] != VECTOR_NONE) slot[(*n)++] = v->slot[row - 1];
  }
  lua_remove(L, -2);
  return slot;
}

/* 1; 0: all zero; -1: out of memory. */
static int embed_text(const Embedder *e, Span text, float *x) {
  void *room = e->room_new(e);
  if (room == NULL) return -1;
  int r = e->embed(e, room, text, x), any = 0;
  e->room_free(room);
  for (uint32_t i = 0; i < e->dim; i++) any |= x[i] != 0;
  return r != 0 ? -1 : any;
}

static int f_nearest(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  const Vectors *v = lua_checkvectors(L, 2);
  size_t len;
  const char *text = luaL_checklstring(L, 3, &len);
  luaL_checktype(L, 4, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 5);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 2, "expected vectors of the view's rows");
  luaL_argcheck(L, v->embedder != NULL, 2, "expected vectors whose embedding takes a text");
  lua_getfield(L, 4, "k");
  const lua_Integer k = luaL_checkinteger(L, -1);
  luaL_argcheck(L, 1 <= k && k <= COSINE_NEAREST_MAX, 4, "k: expected 1 to 10000 rows");
  const NearestParams p = { .k = (uint32_t)k, .least = -2 };
  uint32_t n, found = 0;
  const uint32_t *slot = check_slots(L, v, 4, &n);
  float *x = lua_newuserdatauv(L, v->dim * sizeof *x, 0);
  CosineHit *hit = lua_newuserdatauv(L, (size_t)k * sizeof *hit, 0);
  const int known = embed_text(v->embedder, span_of(text, len), x);
  if (known < 0) return luaL_error(L, "not enough memory");
  if (known == 0) {
    lua_pushboolean(L, 0);
    return 1;
  }
  Error err = { "" };
  if (cosine_nearest_of(v, slot, n, x, &p, pool, hit, &found, &err) != 0) return push_failure(L, &err);
  lua_createtable(L, (int)found, 0);
  for (uint32_t i = 0; i < found; i++) {
    lua_createtable(L, 0, 2);
    set_count(L, "row", (size_t)v->row[slot[hit[i].place]] + 1);
    lua_pushnumber(L, hit[i].cosine);
    lua_setfield(L, -2, "cosine");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const luaL_Reg functions[] = {
  { "dedup", f_dedup }, { "sweep", f_sweep }, { "sweep_rows", f_sweep_rows }, { "nearest", f_nearest },
  { "has_approximate", f_has_approximate },
  { NULL, NULL }
};

int luaopen_semantic(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
