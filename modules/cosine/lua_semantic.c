/* modules/cosine/lua_semantic.c - the stage semantic_dedup for Lua. All return nil, message ("interrupted") on failure.
**   semantic.dedup(view, { threshold =, cluster = "leader" or "components", keep =, floor = (all pairs from here on) and
**                          evidence_pairs = (so many a row at most), max_cluster =, fields = (what was embedded),
**                          rank = }, vectors, pool [, again])
**     -- verdicts and, of a first visit, a table of figures. again: { rows = { 3, 8 }, barred = { 8 } }, as
**     -- neardup.leaders takes it
**   semantic.sweep(view, p, vectors, evidence, pool)     -- as neardup.sweep
**   semantic.sweep_rows(states, p, evidence [, rank])    -- as neardup.sweep_rows; false where vectors are needed */
#include <lauxlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_verdicts.h"
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
  s.fields = lua_check_fields(L);
  s.leaders.rank = lua_check_rank(L, v);
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

static const luaL_Reg functions[] = {
  { "dedup", f_dedup }, { "sweep", f_sweep }, { "sweep_rows", f_sweep_rows },
  { NULL, NULL }
};

int luaopen_semantic(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
