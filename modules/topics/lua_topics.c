/* modules/topics/lua_topics.c - clusters of vectors as topics, for Lua. Rows and topics are numbered from 1.
**   topics.fit(view, v, { k = 20, seed = 42 }, pool)     -- topics, { rounds =, moved =, cosine = } | nil, message
**   topics.scores(view, v, { k = { 4, 8, … }, sample = 4000, seed = 42 }, pool)   -- { score or false, … } | nil, why
**   topics.read(bytes, name)                   -- topics, note | nil, message
**   topics.idle()                              -- a row operator that does nothing
**   #t, t:dim(), t:write(note) -> bytes
**   t:match(u, least)                          -- pairs of the same topic { { mine, theirs, cosine }, … }, nearest first
**   t:place(v, pool)                           -- each row's topic | nil, message
** On the standing rows of a view that have a vector, where a row under the cosine `min` belongs nowhere:
**   p:sizes(view, min)                         -- { rows of each topic }, nowhere, rows without a vector, mean cosine
**   p:quantiles(view, { 0.25, 0.75 })          -- of the cosines { … }, how many
**   p:central(view, min, 3), p:far(view, min, 3)   -- { { rows }, … }, { rows }
**   p:terms(view, { fields = { "input" }, min =, rows =, seed =, top =, least =, lift =, phrase = }, pool)
**                                              -- { { { text, share }, … }, … } | nil, message
**   p:op { annotation = "topic", unknown = "unknown", names = { … }, min =, metric = "similarity" } */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_buf.h"
#include "core/lua_core.h"
#include "core/lua_type.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "select/select.h"
#include "topics/choose.h"
#include "topics/model.h"
#include "topics/place.h"
#include "topics/terms.h"
#include "vectors/lua_vectors.h"

#define TOPICS_LUA_TYPE "tamis.clusters"
#define PLACED_LUA_TYPE "tamis.placed"

int luaopen_topics(lua_State *L);

static int fail(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

/* ---- handles ---- */

static int topics_gc(lua_State *L) {
  centroids_free(luaL_checkudata(L, 1, TOPICS_LUA_TYPE));
  return 0;
}

static int placed_gc(lua_State *L) {
  Placed **p = luaL_checkudata(L, 1, PLACED_LUA_TYPE), *old = *p;
  *p = NULL;
  placed_unref(old);
  return 0;
}

static Centroids *check_topics(lua_State *L, int arg) {
  Centroids *c = luaL_checkudata(L, arg, TOPICS_LUA_TYPE);
  luaL_argcheck(L, c->x != NULL, arg, "the topics were not made, or are closed");
  return c;
}

static Placed *check_placed(lua_State *L, int arg) {
  Placed **p = luaL_checkudata(L, arg, PLACED_LUA_TYPE);
  luaL_argcheck(L, *p != NULL, arg, "the rows were not placed, or are closed");
  return *p;
}

/* Those at arg, of the rows of the view at 2. */
static const View *check_view_of(lua_State *L, const Placed *p) {
  const View *view = lua_checkview(L, 2);
  luaL_argcheck(L, p->v->nrows == view->corpus->nrows, 2, "the topics are of other rows");
  return view;
}

static lua_Integer integer_at(lua_State *L, int t, const char *key, lua_Integer least, lua_Integer most) {
  lua_getfield(L, t, key);
  int is = 0;
  lua_Integer n = lua_tointegerx(L, -1, &is);
  if (!is || n < least || n > most) luaL_error(L, "%s: expected a whole number from %I to %I", key, least, most);
  lua_pop(L, 1);
  return n;
}

static double number_at(lua_State *L, int t, const char *key) {
  lua_getfield(L, t, key);
  int is = 0;
  double x = lua_tonumberx(L, -1, &is);
  if (!is || isnan(x)) luaL_error(L, "%s: expected a number", key);
  lua_pop(L, 1);
  return x;
}

static uint64_t seed_at(lua_State *L, int t) {
  lua_getfield(L, t, "seed");
  lua_Integer seed = luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return (uint64_t)seed;
}

/* ---- fitting ---- */

/* The standing rows that have a vector, and their random order, in two userdata that are pushed. */
static uint32_t points_of(lua_State *L, const View *view, const Vectors *v, uint64_t seed, uint32_t **slot,
                          uint64_t **key) {
  uint32_t n = 0;
  *slot = lua_newuserdatauv(L, ((size_t)v->n + 1) * sizeof **slot, 0);
  *key = lua_newuserdatauv(L, ((size_t)v->n + 1) * sizeof **key, 0);
  for (uint32_t i = 0; i < v->n; i++) {
    if (view_status(view, v->row[i]) != STATUS_STANDING) continue;
    (*key)[n] = select_place(view->corpus->identity[v->row[i]], seed);
    (*slot)[n++] = i;
  }
  return n;
}

static Vectors *check_vectors_of(lua_State *L, const View *view) {
  Vectors *v = lua_checkvectors(L, 2);
  luaL_argcheck(L, v->nrows == view->corpus->nrows, 2, "the vectors are of other rows");
  return v;
}

static Centroids *new_topics(lua_State *L) {
  Centroids *c = lua_newuserdatauv(L, sizeof *c, 0);
  *c = (Centroids){ 0 };
  luaL_setmetatable(L, TOPICS_LUA_TYPE);
  return c;
}

static void push_fit(lua_State *L, const Kmeans *k) {
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, k->rounds);
  lua_setfield(L, -2, "rounds");
  lua_pushinteger(L, k->moved);
  lua_setfield(L, -2, "moved");
  lua_pushnumber(L, k->objective / k->n);
  lua_setfield(L, -2, "cosine");
}

typedef struct FitBox { Kmeans k; } FitBox;

static int fit_gc(lua_State *L) {
  kmeans_free(lua_touserdata(L, 1));
  return 0;
}

/* A fit that ends with the userdata that is pushed. */
static Kmeans *new_fit(lua_State *L) {
  FitBox *b = lua_newuserdatauv(L, sizeof *b, 0);
  b->k = (Kmeans){ 0 };
  if (luaL_newmetatable(L, "tamis.kmeans")) {
    lua_pushcfunction(L, fit_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return &b->k;
}

static int f_fit(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  Vectors *v = check_vectors_of(L, view);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  KmeansSpec spec = kmeans_spec((uint32_t)integer_at(L, 3, "k", 1, KMEANS_MAX_K), seed_at(L, 3));
  uint32_t *slot;
  uint64_t *key;
  uint32_t n = points_of(L, view, v, spec.seed, &slot, &key);
  Kmeans *k = new_fit(L);
  Centroids *c = new_topics(L);
  Error err = { "" };
  if (n == 0) error_set(&err, "no standing row has a vector");
  if (n == 0 || kmeans_fit(v, slot, n, key, &spec, pool, k, &err) != 0) return fail(L, &err);
  *c = k->centroids;
  k->centroids = (Centroids){ 0 };
  push_fit(L, k);
  return 2;
}

static int f_scores(lua_State *L) {
  const View *view = lua_checkview(L, 1);
  Vectors *v = check_vectors_of(L, view);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  ChooseSpec spec = { .sample = (uint32_t)integer_at(L, 3, "sample", 2, UINT32_MAX), .seed = seed_at(L, 3) };
  if (lua_getfield(L, 3, "k") != LUA_TTABLE) luaL_error(L, "k: expected a list");
  lua_Integer nk = luaL_len(L, -1);
  luaL_argcheck(L, 0 <= nk && nk <= 1000, 3, "k: expected at most 1000 numbers");
  uint32_t *ks = lua_newuserdatauv(L, ((size_t)nk + 1) * sizeof *ks, 0);
  double *score = lua_newuserdatauv(L, ((size_t)nk + 1) * sizeof *score, 0);
  for (lua_Integer i = 1; i <= nk; i++) {
    lua_geti(L, -3, i);
    lua_Integer k = luaL_checkinteger(L, -1);
    luaL_argcheck(L, 2 <= k && k <= KMEANS_MAX_K, 3, "k: expected numbers of clusters, 2 or more");
    ks[i - 1] = (uint32_t)k;
    lua_pop(L, 1);
  }
  spec.k = ks, spec.nk = (uint32_t)nk;
  uint32_t *slot;
  uint64_t *key;
  uint32_t n = points_of(L, view, v, spec.seed, &slot, &key);
  Error err = { "" };
  if (choose_scores(v, slot, n, key, &spec, pool, score, &err) != 0) return fail(L, &err);
  lua_createtable(L, (int)nk, 0);
  for (lua_Integer i = 1; i <= nk; i++) {
    if (isnan(score[i - 1])) lua_pushboolean(L, 0);
    else lua_pushnumber(L, score[i - 1]);
    lua_seti(L, -2, i);
  }
  return 1;
}

/* ---- the file ---- */

static int f_read(lua_State *L) {
  size_t len;
  const char *bytes = luaL_checklstring(L, 1, &len), *name = luaL_checkstring(L, 2);
  Centroids *c = new_topics(L);
  Span note;
  Error err;
  if (topic_model_read(span_of(bytes, len), name, c, &note, &err) != 0) return fail(L, &err);
  lua_pushlstring(L, note.ptr, note.len);
  return 2;
}

static int t_write(lua_State *L) {
  const Centroids *c = check_topics(L, 1);
  size_t len;
  const char *note = luaL_checklstring(L, 2, &len);
  luaL_argcheck(L, len <= TOPIC_MODEL_MAX_NOTE, 2, "the note is too long");
  Buf *b = lua_newbuf(L);
  if (topic_model_write(c, span_of(note, len), b) != 0) return luaL_error(L, "not enough memory");
  lua_pushlstring(L, b->ptr, b->len);
  return 1;
}

static int t_len(lua_State *L) {
  lua_pushinteger(L, check_topics(L, 1)->k);
  return 1;
}

static int t_dim(lua_State *L) {
  lua_pushinteger(L, check_topics(L, 1)->dim);
  return 1;
}

static int t_match(lua_State *L) {
  const Centroids *a = check_topics(L, 1), *b = check_topics(L, 2);
  luaL_argcheck(L, a->dim == b->dim, 2, "topics of as many dimensions expected");
  double least = luaL_checknumber(L, 3);
  uint32_t most = a->k < b->k ? a->k : b->k;
  TopicPair *pair = lua_newuserdatauv(L, most * sizeof *pair, 0);
  int64_t n = topic_model_match(a, b, least, pair);
  if (n < 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)n, 0);
  for (int64_t i = 0; i < n; i++) {
    lua_createtable(L, 3, 0);
    lua_pushinteger(L, (lua_Integer)pair[i].a + 1);
    lua_seti(L, -2, 1);
    lua_pushinteger(L, (lua_Integer)pair[i].b + 1);
    lua_seti(L, -2, 2);
    lua_pushnumber(L, pair[i].cosine);
    lua_seti(L, -2, 3);
    lua_seti(L, -2, i + 1);
  }
  return 1;
}

/* ---- rows in their topics ---- */

static int t_place(lua_State *L) {
  const Centroids *c = check_topics(L, 1);
  Vectors *v = lua_checkvectors(L, 2);
  luaL_argcheck(L, v->dim == c->dim, 2, "vectors of as many dimensions expected");
  Pool *pool = lua_optpool(L, 3);
  Placed **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, PLACED_LUA_TYPE);
  Error err = { "" };
  *box = placed_new(c, v, pool, &err);
  return *box != NULL ? 1 : fail(L, &err);
}

static int p_sizes(lua_State *L) {
  const Placed *p = check_placed(L, 1);
  const View *view = check_view_of(L, p);
  double min = luaL_checknumber(L, 3);
  uint32_t *size = lua_newuserdatauv(L, p->k * sizeof *size, 0), rows = 0;
  Sizes s = placed_sizes(p, view, min, size);
  lua_createtable(L, (int)p->k, 0);
  for (uint32_t i = 0; i < p->k; i++) {
    rows += size[i];
    lua_pushinteger(L, size[i]);
    lua_seti(L, -2, (lua_Integer)i + 1);
  }
  lua_pushinteger(L, s.nowhere);
  lua_pushinteger(L, s.without);
  rows += s.nowhere;
  lua_pushnumber(L, rows > 0 ? s.objective / rows : 0);
  return 4;
}

static int p_quantiles(lua_State *L) {
  const Placed *p = check_placed(L, 1);
  const View *view = check_view_of(L, p);
  luaL_checktype(L, 3, LUA_TTABLE);
  double *sorted = lua_newuserdatauv(L, ((size_t)p->v->n + 1) * sizeof *sorted, 0);
  uint32_t n = placed_cosines(p, view, sorted);
  lua_newtable(L);
  lua_Integer shares = luaL_len(L, 3);
  for (lua_Integer i = 1; i <= shares && n > 0; i++) {
    lua_geti(L, 3, i);
    double rank = ceil(luaL_checknumber(L, -1) * n - 1e-9);   /* the nearest rank; 0.07 * 100 is a little more than 7 */
    lua_pop(L, 1);
    lua_pushnumber(L, sorted[rank < 1 ? 0 : rank >= n ? n - 1 : (uint32_t)rank - 1]);
    lua_seti(L, -2, i);
  }
  lua_pushinteger(L, n);
  return 2;
}

/* Rows as a list, up to the first that is none. */
static void push_rows(lua_State *L, const uint32_t *row, uint32_t n) {
  lua_createtable(L, (int)n, 0);
  for (uint32_t i = 0; i < n && row[i] != PLACE_NONE; i++) {
    lua_pushinteger(L, (lua_Integer)row[i] + 1);
    lua_seti(L, -2, (lua_Integer)i + 1);
  }
}

static uint32_t check_most(lua_State *L, int arg) {
  lua_Integer most = luaL_checkinteger(L, arg);
  luaL_argcheck(L, 1 <= most && most <= 1000, arg, "expected 1 to 1000 rows");
  return (uint32_t)most;
}

static int p_central(lua_State *L) {
  const Placed *p = check_placed(L, 1);
  const View *view = check_view_of(L, p);
  double min = luaL_checknumber(L, 3);
  uint32_t most = check_most(L, 4), *row = lua_newuserdatauv(L, (size_t)p->k * most * sizeof *row, 0);
  if (placed_central(p, view, min, most, row) != 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)p->k, 0);
  for (uint32_t c = 0; c < p->k; c++) {
    push_rows(L, row + (size_t)c * most, most);
    lua_seti(L, -2, (lua_Integer)c + 1);
  }
  return 1;
}

static int p_far(lua_State *L) {
  const Placed *p = check_placed(L, 1);
  const View *view = check_view_of(L, p);
  double min = luaL_checknumber(L, 3);
  uint32_t most = check_most(L, 4), *row = lua_newuserdatauv(L, most * sizeof *row, 0);
  int64_t n = placed_far(p, view, min, most, row);
  if (n < 0) return luaL_error(L, "not enough memory");
  push_rows(L, row, (uint32_t)n);
  return 1;
}

/* ---- terms ---- */

static int terms_gc(lua_State *L) {
  terms_free(lua_touserdata(L, 1));
  return 0;
}

static void push_terms(lua_State *L, const Terms *t) {
  lua_createtable(L, (int)t->k, 0);
  for (uint32_t c = 0; c < t->k; c++) {
    lua_createtable(L, (int)t->n[c], 0);
    for (uint32_t i = 0; i < t->n[c]; i++) {
      const Term *term = &t->term[(size_t)c * t->top + i];
      lua_createtable(L, 2, 0);
      lua_pushlstring(L, term->text.ptr, term->text.len);
      lua_seti(L, -2, 1);
      lua_pushnumber(L, term->share);
      lua_seti(L, -2, 2);
      lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_seti(L, -2, (lua_Integer)c + 1);
  }
}

static int p_terms(lua_State *L) {
  const Placed *p = check_placed(L, 1);
  const View *view = check_view_of(L, p);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  TermsSpec spec = { .fields = lua_checkfields(L, 3, "fields", 1u << FIELD_INPUT),
                     .top = (uint32_t)integer_at(L, 3, "top", 1, 100),
                     .least = (uint32_t)integer_at(L, 3, "least", 1, 1000),
                     .lift = number_at(L, 3, "lift"), .phrase = number_at(L, 3, "phrase") };
  uint32_t most = (uint32_t)integer_at(L, 3, "rows", 1, 1 << 20);
  double min = number_at(L, 3, "min");
  uint64_t seed = seed_at(L, 3);
  size_t room = (size_t)p->k * most < p->v->n ? (size_t)p->k * most : p->v->n;
  uint32_t *row = lua_newuserdatauv(L, (room + 1) * sizeof *row, 0);
  uint32_t *first = lua_newuserdatauv(L, ((size_t)p->k + 1) * sizeof *first, 0);
  uint32_t *size = lua_newuserdatauv(L, p->k * sizeof *size, 0);
  Terms *t = lua_newuserdatauv(L, sizeof *t, 0);
  *t = (Terms){ 0 };
  if (luaL_newmetatable(L, "tamis.terms")) {
    lua_pushcfunction(L, terms_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  Error err = { "" };
  placed_sizes(p, view, min, size);
  if (placed_sample(p, view, min, most, seed, row, first) != 0) return luaL_error(L, "not enough memory");
  if (terms_make(view, p->k, row, first, size, &spec, pool, t, &err) != 0) return fail(L, &err);
  push_terms(L, t);
  return 1;
}

/* ---- operators ---- */

static int p_op(lua_State *L) {
  Placed *p = check_placed(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  PlacedRule rule = { .placed = p, .annotation = param_string(L, 2, "annotation"),
                      .unknown = param_string(L, 2, "unknown"), .min = number_at(L, 2, "min") };
  lua_getfield(L, 2, "metric");
  rule.metric = luaL_checkstring(L, -1);
  if (lua_getfield(L, 2, "names") != LUA_TTABLE || luaL_len(L, -1) != (lua_Integer)p->k)
    luaL_error(L, "names: expected a list of %d", (int)p->k);
  int names = lua_gettop(L);
  Span *name = lua_newuserdatauv(L, p->k * sizeof *name, 0);
  for (uint32_t i = 0; i < p->k; i++) {
    if (lua_geti(L, names, (lua_Integer)i + 1) != LUA_TSTRING)
      luaL_error(L, "names[%d]: expected a string", (int)i + 1);
    name[i].ptr = lua_tolstring(L, -1, &name[i].len);   /* the table keeps it */
    lua_pop(L, 1);
  }
  rule.name = name;
  lua_newrowop(L);
  RowOp *op = placed_op(&rule);
  if (op == NULL) return luaL_error(L, "not enough memory");
  lua_setrowop(L, op);
  return 1;
}

static int f_idle(lua_State *L) {
  lua_newrowop(L);
  RowOp *op = placed_idle();
  if (op == NULL) return luaL_error(L, "not enough memory");
  lua_setrowop(L, op);
  return 1;
}

/* ---- types ---- */

static const luaL_Reg TOPICS_METHODS[] = {
  { "dim", t_dim },   { "write", t_write }, { "match", t_match },     { "place", t_place }, { "close", topics_gc },
  { "__len", t_len }, { "__gc", topics_gc }, { "__close", topics_gc }, { NULL, NULL },
};

static const luaL_Reg PLACED_METHODS[] = {
  { "sizes", p_sizes }, { "quantiles", p_quantiles }, { "central", p_central }, { "far", p_far },
  { "terms", p_terms }, { "op", p_op },               { "close", placed_gc },   { "__gc", placed_gc },
  { "__close", placed_gc }, { NULL, NULL },
};

static const luaL_Reg FUNCTIONS[] = {
  { "fit", f_fit }, { "scores", f_scores }, { "read", f_read }, { "idle", f_idle }, { NULL, NULL },
};

int luaopen_topics(lua_State *L) {
  lua_newtype(L, TOPICS_LUA_TYPE, TOPICS_METHODS, TOPICS_METHODS);
  lua_newtype(L, PLACED_LUA_TYPE, PLACED_METHODS, PLACED_METHODS);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
