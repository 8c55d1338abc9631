/* modules/select/lua_importance.c - importance weights for the stages that match a set to a target.
**   local shape = { fields = { "input" }, features = { "word", "bigram" }, buckets = 10000 }
**   local target = importance.counts(production, shape, pool)    -- of its standing rows | nil, message
**   local raw = importance.counts(view, shape, pool)
**   local after = importance.counts(view, shape, pool, rows)     -- of some: a list of rows
**   importance.of_texts({ "text", … }, shape)                    -- of plain texts
**   raw:texts()  raw:features()  raw:empty()                     -- numbers
**   target:kl(raw, smoothing)                                    -- nats: how far raw is from target
**   local w = importance.weights(view, target, raw, { smoothing = 1, mean = false }, pool[, rows])   | nil, message
**   #w   w:at(i) -> row, weight, features   w:of(row) -> weight or nil
**   local rows = w:chosen(k, sharpness, seed)                    -- the k rows that stay, ascending
**   local verdicts = w:choose(k, sharpness, seed, "row", "off_target")    -- rejects all others
** smoothing > 0; sharpness 1 draws by weight, 0 at random, math.huge takes the highest (importance.h). */
#include <lauxlib.h>
#include <math.h>

#include "core/lua_type.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_verdicts.h"
#include "select/importance.h"
#include "text/lua_bag.h"
#include "vectors/lua_vectors.h"

int luaopen_importance(lua_State *L);

#define COUNTS "tamis.importance.counts"
#define WEIGHTS "tamis.importance.weights"

static int push_failure(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

/* ---- arguments ---- */

static unsigned features_of(lua_State *L, int t) {
  if (lua_getfield(L, t, "features") == LUA_TNIL) {
    lua_pop(L, 1);
    return BAG_WORDS | BAG_BIGRAMS;
  }
  unsigned kinds = lua_checkfeatures(L, -1);
  lua_pop(L, 1);
  return kinds;
}

static ImportanceShape check_shape(lua_State *L, int t) {
  luaL_checktype(L, t, LUA_TTABLE);
  ImportanceShape s = { .fields = lua_checkfields(L, t, "fields", 1u << FIELD_INPUT), .features = features_of(L, t) };
  lua_getfield(L, t, "buckets");
  lua_Number n = luaL_optnumber(L, -1, 10000);
  if (!(n >= 1 && n <= IMPORTANCE_MAX_BUCKETS)) luaL_error(L, "buckets: expected 1 to %d", IMPORTANCE_MAX_BUCKETS);
  s.buckets = (uint32_t)n;
  lua_pop(L, 1);
  return s;
}

/* The rows of the list at arg as an array on the stack; NULL where there is no list. */
static uint32_t *opt_rows(lua_State *L, int arg, const View *v, size_t *n) {
  if (lua_isnoneornil(L, arg)) return NULL;
  luaL_checktype(L, arg, LUA_TTABLE);
  *n = lua_rawlen(L, arg);
  uint32_t *rows = lua_newuserdatauv(L, (*n + 1) * sizeof *rows, 0);
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, arg, (lua_Integer)i + 1);
    lua_Integer row = lua_tointeger(L, -1);
    if (!lua_isinteger(L, -1) || row < 1 || row > v->corpus->nrows) luaL_error(L, "rows[%d] is no row", (int)i + 1);
    rows[i] = (uint32_t)(row - 1);
    if (i > 0 && rows[i] <= rows[i - 1]) luaL_error(L, "rows[%d]: expected rows in ascending order", (int)i + 1);
    lua_pop(L, 1);
  }
  return rows;
}

static ImportanceCounts *check_counts(lua_State *L, int arg) {
  ImportanceCounts *c = luaL_checkudata(L, arg, COUNTS);
  luaL_argcheck(L, c->count != NULL, arg, "counts are closed");
  return c;
}

static ImportanceWeights *check_weights(lua_State *L, int arg) {
  ImportanceWeights *w = luaL_checkudata(L, arg, WEIGHTS);
  luaL_argcheck(L, w->view != NULL, arg, "weights are closed");
  return w;
}

static double check_smoothing(lua_State *L, double s) {
  if (!(s > 0) || isinf(s)) luaL_error(L, "smoothing: expected a number above 0");
  return s;
}

static void check_alike(lua_State *L, const ImportanceCounts *a, const ImportanceCounts *b) {
  if (a->shape.features != b->shape.features || a->shape.buckets != b->shape.buckets)
    luaL_error(L, "expected counts of the same features and buckets");
}

/* ---- counts ---- */

static ImportanceCounts *new_counts(lua_State *L) {
  ImportanceCounts *c = lua_newuserdatauv(L, sizeof *c, 0);
  *c = (ImportanceCounts){ 0 };
  luaL_setmetatable(L, COUNTS);
  return c;
}

static int f_counts(lua_State *L) {
  View *v = lua_checkview(L, 1);
  ImportanceShape shape = check_shape(L, 2);
  Pool *pool = lua_optpool(L, 3);
  size_t n = 0;
  uint32_t *rows = opt_rows(L, 4, v, &n);
  ImportanceCounts *c = new_counts(L);
  Error err = { "" };
  return importance_count(c, v, rows, n, shape, pool, &err) == 0 ? 1 : push_failure(L, &err);
}

static int bag_gc(lua_State *L) {
  bag_free(luaL_checkudata(L, 1, "tamis.importance.bag"));
  return 0;
}

static int f_of_texts(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  ImportanceShape shape = check_shape(L, 2);
  Bag *room = lua_newuserdatauv(L, sizeof *room, 0);
  *room = (Bag){ 0 };
  luaL_setmetatable(L, "tamis.importance.bag");
  ImportanceCounts *c = new_counts(L);
  if (importance_counts_new(c, shape) != 0) return luaL_error(L, "not enough memory");
  size_t n = lua_rawlen(L, 1);
  for (size_t i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 1, (lua_Integer)i) != LUA_TSTRING) return luaL_error(L, "texts[%d]: expected a string", (int)i);
    Span text;
    text.ptr = lua_tolstring(L, -1, &text.len);
    if (importance_add(c, room, text) != 0) return luaL_error(L, "not enough memory");
    lua_pop(L, 1);
  }
  return 1;
}

static int counts_gc(lua_State *L) {
  importance_counts_free(luaL_checkudata(L, 1, COUNTS));
  return 0;
}

static int counts_texts(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_counts(L, 1)->texts);
  return 1;
}

static int counts_empty(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_counts(L, 1)->empty);
  return 1;
}

static int counts_features(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_counts(L, 1)->features);
  return 1;
}

static int counts_kl(lua_State *L) {
  ImportanceCounts *a = check_counts(L, 1), *b = check_counts(L, 2);
  double smoothing = check_smoothing(L, luaL_optnumber(L, 3, 1));
  check_alike(L, a, b);
  lua_pushnumber(L, importance_kl(a, b, smoothing));
  return 1;
}

/* ---- weights ---- */

static int f_weights(lua_State *L) {
  View *v = lua_checkview(L, 1);
  ImportanceCounts *target = check_counts(L, 2), *raw = check_counts(L, 3);
  check_alike(L, target, raw);
  luaL_checktype(L, 4, LUA_TTABLE);
  lua_settop(L, 6);
  lua_getfield(L, 4, "smoothing");
  double smoothing = check_smoothing(L, luaL_optnumber(L, -1, 1));
  lua_getfield(L, 4, "mean");
  int mean = lua_toboolean(L, -1);
  Pool *pool = lua_optpool(L, 5);
  size_t n = 0;
  uint32_t *rows = opt_rows(L, 6, v, &n);
  double *ratio = lua_newuserdatauv(L, raw->shape.buckets * sizeof *ratio, 0);
  importance_ratio(target, raw, smoothing, ratio);
  ImportanceWeights *w = lua_newuserdatauv(L, sizeof *w, 0);
  *w = (ImportanceWeights){ 0 };
  luaL_setmetatable(L, WEIGHTS);
  Error err = { "" };
  return importance_weigh(w, v, rows, n, raw->shape, ratio, mean, pool, &err) == 0 ? 1 : push_failure(L, &err);
}

static int weights_gc(lua_State *L) {
  importance_weights_free(luaL_checkudata(L, 1, WEIGHTS));
  return 0;
}

static int weights_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_weights(L, 1)->n);
  return 1;
}

static int weights_at(lua_State *L) {
  ImportanceWeights *w = check_weights(L, 1);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= i && (size_t)i <= w->n, 2, "no weight of that number");
  lua_pushinteger(L, (lua_Integer)w->row[i - 1] + 1);
  lua_pushnumber(L, w->weight[i - 1]);
  lua_pushinteger(L, (lua_Integer)w->features[i - 1]);
  return 3;
}

static int weights_of(lua_State *L) {
  ImportanceWeights *w = check_weights(L, 1);
  lua_Integer row = luaL_checkinteger(L, 2);
  size_t lo = 0, hi = w->n;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if ((lua_Integer)w->row[mid] + 1 < row) lo = mid + 1;
    else hi = mid;
  }
  if (lo < w->n && (lua_Integer)w->row[lo] + 1 == row) lua_pushnumber(L, w->weight[lo]);
  else lua_pushnil(L);
  return 1;
}

/* k, sharpness and seed at arguments 2 to 4. */
static size_t check_draw(lua_State *L, double *sharpness, uint64_t *seed) {
  lua_Integer k = luaL_checkinteger(L, 2);
  luaL_argcheck(L, k >= 0, 2, "expected a number of rows");
  *sharpness = luaL_checknumber(L, 3);
  luaL_argcheck(L, *sharpness >= 0, 3, "expected 0 or more");
  *seed = (uint64_t)luaL_checkinteger(L, 4);
  return (size_t)k;
}

static int weights_chosen(lua_State *L) {
  ImportanceWeights *w = check_weights(L, 1);
  double sharpness;
  uint64_t seed;
  size_t k = check_draw(L, &sharpness, &seed);
  uint32_t *rank = lua_newuserdatauv(L, (w->n + 1) * sizeof *rank, 0);
  if (importance_rank(w, sharpness, seed, rank) != 0) return luaL_error(L, "not enough memory");
  lua_newtable(L);
  lua_Integer n = 0;
  for (size_t i = 0; i < w->n; i++) {
    if (rank[i] > k) continue;
    lua_pushinteger(L, (lua_Integer)w->row[i] + 1);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static int weights_choose(lua_State *L) {
  ImportanceWeights *w = check_weights(L, 1);
  double sharpness;
  uint64_t seed;
  size_t k = check_draw(L, &sharpness, &seed);
  const char *field = luaL_checkstring(L, 5), *reason = luaL_checkstring(L, 6);
  lua_settop(L, 6);
  lua_newverdicts(L);
  lua_createtable(L, 2, 0);   /* keeps both strings, which the list points at */
  lua_pushvalue(L, 5);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, 6);
  lua_rawseti(L, -2, 2);
  lua_setiuservalue(L, -2, 3);
  VerdictList *list = importance_choose(w, k, sharpness, seed, field, reason);
  if (list == NULL) return luaL_error(L, "not enough memory");
  lua_setverdicts(L, list);
  return 1;
}

/* ---- the module ---- */

static const luaL_Reg COUNTS_METHODS[] = {
  { "texts",    counts_texts },
  { "empty",    counts_empty },
  { "features", counts_features },
  { "kl",       counts_kl },
  { NULL, NULL }
};

static const luaL_Reg COUNTS_META[] = {
  { "__gc",    counts_gc },
  { "__close", counts_gc },
  { NULL, NULL }
};

static const luaL_Reg WEIGHTS_METHODS[] = {
  { "at",     weights_at },
  { "of",     weights_of },
  { "chosen", weights_chosen },
  { "choose", weights_choose },
  { NULL, NULL }
};

static const luaL_Reg WEIGHTS_META[] = {
  { "__len",   weights_len },
  { "__gc",    weights_gc },
  { "__close", weights_gc },
  { NULL, NULL }
};

static const luaL_Reg BAG_META[] = {
  { "__gc", bag_gc },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = {
  { "counts",   f_counts },
  { "of_texts", f_of_texts },
  { "weights",  f_weights },
  { NULL, NULL }
};

int luaopen_importance(lua_State *L) {
  lua_newtype(L, COUNTS, COUNTS_META, COUNTS_METHODS);
  lua_newtype(L, WEIGHTS, WEIGHTS_META, WEIGHTS_METHODS);
  lua_newtype(L, "tamis.importance.bag", BAG_META, NULL);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
