/* modules/neardup/lua_neardup.c - duplicates for Lua. On plain strings, for everyone:
**   neardup.jaccard(a, b, 5, "char")    -- 0.0 to 1.0: exact, over shingles of the folded texts; or "word"
**   neardup.normalise(s, "drop")        -- the text that duplicates are judged by
**   neardup.minhash(s, 5, 128)          -- an array of slots; equal shares estimate the Jaccard
**   neardup.recall_curve(16, 8)         -- { { jaccard = 0.5, probability = 0.06 }, … }
**   neardup.bands(128, 0.8, 0.999)      -- bands, rows: what meets that recall at that Jaccard
** For the stages, on a view; all return verdicts | nil, message ("interrupted"):
**   neardup.exact(view, { punctuation =, fields =, rank = }, pool [, again])   -- and its memory: see leaders
**   neardup.leaders(view, { threshold =, shingle =, unit = "char" or "word", turns =,
**                           max_shingle_share =, min_shingle_rows =, mask_rest =,
**                           num_hashes =, num_bands =, rows_per_band =,
**                           method = "sketch" or "exact", cluster = "leader" or "components", keep =,
**                           vectors =, cosine = (a match must have this cosine, too),
**                           floor = (all pairs from here on) and evidence_pairs = (so many a row at most),
**                           max_cluster = (larger ones are counted), fields =, rank = }, pool [, again])
**     -- and a table of figures; of its first visit figures.memory, which a later one needs
**     rank: the metric by which rows are visited, highest first. again: only these rows are judged,
**     the others stand: { rows = { 3, 8 }, barred = { 8 }, memory = }; a barred one is nobody's twin
**   neardup.sweep(view, p, evidence, pool)    -- other thresholds, from what neardup.leaders(view, p, pool) left
**     -- p: the same, and thresholds = { … } (at the floor or above), margin = 3, stage = "near_dedup"
**     -- evidence: its verdict list, or a view that it was applied to under that stage's name
**     -- { { threshold =, kept =, removed =, compared = (rows read again), clusters =, largest_cluster =,
**     --     taken = { { row =, twin =, jaccard = }, … }, spared = the same }, … } | nil, message
**   neardup.sweep_rows(states, p, evidence [, rank])   -- the same of a run whose rows are not at hand: a character
**     -- a row (passing.states): 0 did not reach the stage, 2 of a trusted source; rank: a column of stats.
**     -- false where texts are needed
**   neardup.recall(view, the same, pool)      -- { pairs =, proposed =, copies = }: of the exact join's pairs
**   neardup.decontaminate(view, gold, { threshold =, shingle =, input_alone =, ngram = (0: no runs of
**     words), overlap =, overlap_with_answer =, min_words =, answer_distance =,
**     common =, common_rows =, contained = }, pool)
**   neardup.gold_copy(view, gold, input_alone, pool)   -- false, or { row =, gold_row =, field =, rows = }
**     for the first standing row that is an exact copy of a gold row; rows: how many are
** neardup.rank_op("created_at", true)      -- a row operator: the metric "rank"; true: values may be dates
** For people who look around: the rows of `rows` (all if nil) most like a text, best first:
**   neardup.nearest(view, text, { k = 5, shingle = 5, fields = { "input" }, rows = { 1, 7 } }, pool)
**     -- { { row = 7, jaccard = 0.91 }, … } | nil, message */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_rowop.h"
#include "corpus/lua_verdicts.h"
#include "neardup/lua_neardup.h"
#include "neardup/nearest.h"
#include "neardup/neardup.h"
#include "neardup/rank.h"
#include "neardup/sketch.h"
#include "neardup/verify.h"
#include "stats/lua_stats.h"
#include "text/fold.h"
#include "vectors/lua_vectors.h"

int luaopen_neardup(lua_State *L);

/* ---- on strings ---- */

static Span check_text(lua_State *L, int arg) {
  size_t len;
  const char *s = luaL_checklstring(L, arg, &len);
  return span_of(s, len);
}

static unsigned check_shingle(lua_State *L, int arg) {
  lua_Integer n = luaL_optinteger(L, arg, 5);
  luaL_argcheck(L, 1 <= n && n <= GRAMS_MAX_SHINGLE, arg, "expected 1 to 16 code points a shingle");
  return (unsigned)n;
}

static const char *const unit_names[] = { "char", "word", NULL };

static int f_jaccard(lua_State *L) {
  Span text[] = { check_text(L, 1), check_text(L, 2) };
  unsigned shingle = check_shingle(L, 3);
  SpanTexts texts = span_texts(text, 2, 1);
  texts.source.unit = (GramUnit)luaL_checkoption(L, 4, "char", unit_names);
  luaL_argcheck(L, texts.source.unit == GRAM_CHARS || shingle <= GRAMS_MAX_WORDS, 3,
                "expected 1 to 8 words a shingle");
  Grams x = { 0 }, y = { 0 };
  size_t common = 0, all = 1;
  int r = text_read(&texts.source, 0, 0, &x, shingle) != 0 || text_read(&texts.source, 1, 0, &y, shingle) != 0
              ? -1 : grams_compare(&x, &y, 0, &common, &all);
  grams_free(&x);
  grams_free(&y);
  if (r < 0) return luaL_error(L, "not enough memory");
  lua_pushnumber(L, (double)common / (double)all);
  return 1;
}

static const char *const punctuation_names[] = { "keep", "drop", NULL };

static int f_normalise(lua_State *L) {
  Span text = check_text(L, 1);
  int flags = luaL_checkoption(L, 2, "keep", punctuation_names) ? FOLD_DROP_PUNCTUATION : 0;
  char *room = lua_newuserdatauv(L, fold_room(text.len), 0);
  lua_pushlstring(L, room, fold_text(room, text, flags, NULL));
  return 1;
}

static int f_minhash(lua_State *L) {
  Span text = check_text(L, 1);
  unsigned shingle = check_shingle(L, 2);
  lua_Integer hashes = luaL_optinteger(L, 3, 128);
  luaL_argcheck(L, 8 <= hashes && hashes <= SKETCH_MAX_HASHES && hashes % 8 == 0, 3,
                "expected a multiple of 8 from 8 to 1024 hash functions");
  SketchPlan plan = sketch_plan((unsigned)hashes, 1, 1, simd_best());
  uint32_t slot[SKETCH_MAX_HASHES];
  Grams g = { 0 };
  SketchRoom *room = sketch_room_new(&plan);
  int r = room == NULL ? -1 : grams_of(&g, text, shingle, 0);
  if (r == 0) sketch_slots(&plan, room, &g, slot);
  sketch_room_free(room);
  grams_free(&g);
  if (r != 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)hashes, 0);
  for (lua_Integer i = 0; i < hashes; i++) {
    lua_pushinteger(L, slot[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* Pushes { { jaccard =, probability = }, … } [-0, +1, m] */
static void push_curve(lua_State *L, unsigned bands, unsigned rows) {
  lua_createtable(L, 5, 0);
  for (int i = 0; i < 5; i++) {
    double jaccard = (5 + i) / 10.0;
    lua_createtable(L, 0, 2);
    lua_pushnumber(L, jaccard);
    lua_setfield(L, -2, "jaccard");
    lua_pushnumber(L, sketch_curve(bands, rows, jaccard));
    lua_setfield(L, -2, "probability");
    lua_rawseti(L, -2, i + 1);
  }
}

static int f_recall_curve(lua_State *L) {
  lua_Integer bands = luaL_checkinteger(L, 1), rows = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= bands && bands <= SKETCH_MAX_BANDS, 1, "expected 1 to 512 bands");
  luaL_argcheck(L, 1 <= rows && rows <= SKETCH_MAX_HASHES, 2, "expected 1 to 1024 rows a band");
  push_curve(L, (unsigned)bands, (unsigned)rows);
  return 1;
}

static int f_bands(lua_State *L) {
  lua_Integer hashes = luaL_checkinteger(L, 1);
  double threshold = luaL_checknumber(L, 2), recall = luaL_checknumber(L, 3);
  luaL_argcheck(L, 1 <= hashes && hashes <= SKETCH_MAX_HASHES, 1, "expected 1 to 1024 hash functions");
  luaL_argcheck(L, threshold > 0 && threshold <= 1, 2, "expected a Jaccard above 0, at most 1");
  luaL_argcheck(L, recall > 0 && recall < 1, 3, "expected a recall between 0 and 1");
  unsigned bands, rows;
  sketch_solve((unsigned)hashes, threshold, recall, &bands, &rows);
  lua_pushinteger(L, bands);
  lua_pushinteger(L, rows);
  return 2;
}

/* ---- parameters ---- */

static double check_number(lua_State *L, int table, const char *key, double min, double max) {
  lua_getfield(L, table, key);
  if (!lua_isnumber(L, -1)) luaL_error(L, "%s: expected a number, got %s", key, luaL_typename(L, -1));
  double v = lua_tonumber(L, -1);
  lua_pop(L, 1);
  if (!(v >= min && v <= max)) luaL_error(L, "%s: expected %f to %f, got %f", key, min, max, v);
  return v;
}

static unsigned check_count(lua_State *L, int table, const char *key, unsigned min, unsigned max) {
  lua_getfield(L, table, key);
  int whole;
  lua_Integer v = lua_tointegerx(L, -1, &whole);
  if (!whole || v < min || v > max)
    luaL_error(L, "%s: expected a whole number from %d to %d", key, (int)min, (int)max);
  lua_pop(L, 1);
  return (unsigned)v;
}

/* The place of a string parameter among names; 0 (the first) when absent. */
static int check_choice(lua_State *L, int table, const char *key, const char *const *names) {
  lua_getfield(L, table, key);
  const char *s = lua_isnil(L, -1) ? names[0] : lua_tostring(L, -1);
  int i = 0;
  while (s != NULL && names[i] != NULL && strcmp(names[i], s) != 0) i++;
  if (s == NULL || names[i] == NULL)
    luaL_error(L, "%s: expected \"%s\" or \"%s\"", key, names[0], names[1]);
  lua_pop(L, 1);
  return i;
}

/* p.fields, a list of names, as a set; `otherwise` when absent. */
static unsigned check_fields(lua_State *L, int table, unsigned otherwise) {
  unsigned fields = 0;
  if (lua_getfield(L, table, "fields") == LUA_TNIL) {
    lua_pop(L, 1);
    return otherwise;
  }
  if (!lua_istable(L, -1)) luaL_error(L, "fields: expected a list of field names");
  lua_Integer n = luaL_len(L, -1);
  for (lua_Integer i = 1; i <= n; i++) {
    size_t len = 0;
    lua_geti(L, -1, i);
    const char *name = lua_tolstring(L, -1, &len);
    Field f = name != NULL ? field_by_name(span_of(name, len)) : FIELD_NONE;
    if (f >= FIELD_COUNT)
      luaL_error(L, "fields: no field is named %s", name != NULL ? name : luaL_typename(L, -1));
    fields |= 1u << f;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (fields == 0) luaL_error(L, "fields: expected at least one field name");
  return fields;
}

static int push_failure(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

/* turns: a name, or how many at the end. */
static Turns check_turns(lua_State *L, int table) {
  static const char *const names[] = { "all", "users", "first", "last", NULL };
  Turns t = { TURNS_ALL, 0 };
  int type = lua_getfield(L, table, "turns");
  const char *s = type == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  int whole, which = 0;
  lua_Integer n = lua_tointegerx(L, -1, &whole);
  if (type == LUA_TNUMBER && whole && n >= 1 && n <= UINT16_MAX) {
    t = (Turns){ TURNS_TAIL, (unsigned)n };
  } else if (type != LUA_TNIL) {
    while (s != NULL && names[which] != NULL && strcmp(names[which], s) != 0) which++;
    if (s == NULL || names[which] == NULL)
      luaL_error(L, "turns: expected \"all\", \"users\", \"first\", \"last\" or a whole number from 1 to 65535");
    t.which = (TurnsWhich)which;
  }
  lua_pop(L, 1);
  return t;
}

/* unit, turns and the mask of frequent shingles; and the shingle's length, which depends on its unit. */
static TextParams check_shingles(lua_State *L, int table, unsigned *shingle) {
  TextParams t = { .unit = (GramUnit)check_choice(L, table, "unit", unit_names), .turns = check_turns(L, table) };
  *shingle = check_count(L, table, "shingle", 1, t.unit == GRAM_WORDS ? GRAMS_MAX_WORDS : GRAMS_MAX_SHINGLE);
  if (lua_getfield(L, table, "max_shingle_share") != LUA_TNIL) {
    t.mask.share = check_number(L, table, "max_shingle_share", 0, 1);
    t.mask.fewest = check_count(L, table, "min_shingle_rows", 1, UINT32_MAX / 2);
    t.mask.rest = check_count(L, table, "mask_rest", 0, 1u << 20);
  }
  lua_pop(L, 1);
  return t;
}

/* template_share, template_least and template_rest; without them no template is looked for. */
static TemplateParams check_template(lua_State *L, int table, double threshold, unsigned shingle) {
  TemplateParams t = { .threshold = threshold, .shingle = shingle };
  if (lua_getfield(L, table, "template_share") != LUA_TNIL) {
    t.share = check_number(L, table, "template_share", 0, 1);
    t.least = check_count(L, table, "template_least", 1, 1u << 30);
    t.rest = check_count(L, table, "template_rest", 0, 1u << 30);
  }
  lua_pop(L, 1);
  return t;
}

/* ---- stages ---- */

/* The column of the metric that p.rank names; NULL if absent. */
static const double *check_rank(lua_State *L, const View *v, int table) {
  const double *rank = NULL;
  if (lua_getfield(L, table, "rank") != LUA_TNIL) {
    size_t len;
    const char *name = luaL_checklstring(L, -1, &len);
    rank = view_metric(v, span_of(name, len));
    if (rank == NULL) luaL_error(L, "rank: there is no metric %s", name);
  }
  lua_pop(L, 1);
  return rank;
}

/* What a view keeps for a second visit: a userdata of type MEMORY, a NeardupMemory *. */
#define MEMORY "tamis.neardup.memory"

static int memory_gc(lua_State *L) {
  NeardupMemory **m = luaL_checkudata(L, 1, MEMORY);
  neardup_memory_free(*m);
  *m = NULL;
  return 0;
}

/* [-0, +1, m] */
static NeardupMemory *new_memory(lua_State *L) {
  NeardupMemory **m = lua_newuserdatauv(L, sizeof *m, 0);
  *m = NULL;
  if (luaL_newmetatable(L, MEMORY)) {
    lua_pushcfunction(L, memory_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  *m = neardup_memory_new();
  if (*m == NULL) luaL_error(L, "not enough memory");
  return *m;
}

/* The table of rows visited again at arg: its arrays are userdata on the stack [-0, +2, v] */
static NeardupAgain check_again(lua_State *L, const View *v, int arg) {
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_getfield(L, arg, "rows");
  lua_getfield(L, arg, "barred");
  luaL_checktype(L, -2, LUA_TTABLE);
  luaL_checktype(L, -1, LUA_TTABLE);
  int rows = lua_gettop(L) - 1, bars = rows + 1;
  size_t n = (size_t)luaL_len(L, rows), nbarred = (size_t)luaL_len(L, bars);
  uint32_t *row = lua_newuserdatauv(L, (n + 1) * sizeof *row, 0);
  uint8_t *barred = lua_newuserdatauv(L, n + 1, 0);
  for (size_t i = 0, b = 0; i < n; i++) {
    lua_geti(L, rows, (lua_Integer)i + 1);
    lua_geti(L, bars, (lua_Integer)b + 1);
    lua_Integer at = lua_tointeger(L, -2);
    barred[i] = b < nbarred && lua_tointeger(L, -1) == at;
    b += barred[i];
    lua_pop(L, 2);
    if (at < 1 || at > (lua_Integer)v->corpus->nrows || (i > 0 && at - 1 <= (lua_Integer)row[i - 1]) ||
        view_status(v, (uint32_t)(at - 1)) != STATUS_STANDING)
      luaL_error(L, "rows: expected ascending numbers of standing rows");
    row[i] = (uint32_t)(at - 1);
  }
  lua_remove(L, bars);
  lua_remove(L, rows);
  return (NeardupAgain){ row, barred, n };
}

/* The memory in the table of rows visited again at arg. */
static NeardupMemory *check_memory(lua_State *L, int arg) {
  lua_getfield(L, arg, "memory");
  NeardupMemory **m = luaL_checkudata(L, -1, MEMORY);
  luaL_argcheck(L, *m != NULL, arg, "memory is closed");
  return *m;
}

static int f_exact(lua_State *L) {
  View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 3);
  int second = !lua_isnoneornil(L, 4);
  ExactStage e = { .fields = check_fields(L, 2, NEARDUP_ALL_FIELDS), .rank = check_rank(L, v, 2) };
  e.fold_flags = check_choice(L, 2, "punctuation", punctuation_names) ? FOLD_DROP_PUNCTUATION : 0;
  NeardupAgain again = { 0 };
  if (second) {
    again = check_again(L, v, 4);
    e.memory = check_memory(L, 4);
  } else {
    e.memory = new_memory(L);
  }
  Error err = { "" };
  lua_newverdicts(L);
  VerdictList *list = second ? neardup_exact_again(v, &e, &again, pool, &err) : neardup_exact(v, &e, pool, &err);
  if (list == NULL) return push_failure(L, &err);
  lua_setverdicts(L, list);
  lua_pushvalue(L, -2);   /* the memory */
  return 2;
}

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

/* The table at 2. */
static LeaderParams check_clusters(lua_State *L) {
  static const char *const cluster_names[] = { "leader", "components", NULL };
  luaL_checktype(L, 2, LUA_TTABLE);
  LeaderParams p = { .threshold = check_number(L, 2, "threshold", 1e-9, 1), .path = simd_best() };
  lua_getfield(L, 2, "keep");
  p.longest = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "longest") == 0;
  lua_pop(L, 1);
  p.mode = check_choice(L, 2, "cluster", cluster_names) == 1 ? CLUSTER_COMPONENTS : CLUSTER_LEADER;
  p.floor = p.threshold;
  if (lua_getfield(L, 2, "floor") != LUA_TNIL) {
    p.floor = check_number(L, 2, "floor", 1e-9, p.threshold);
    p.evidence = 1;
    p.evidence_pairs = check_count(L, 2, "evidence_pairs", 0, 1u << 30);
  }
  lua_pop(L, 1);
  if (lua_getfield(L, 2, "max_cluster") != LUA_TNIL) p.most_rows = check_count(L, 2, "max_cluster", 0, 1u << 30);
  lua_pop(L, 1);
  return p;
}

static LeaderParams check_leaders(lua_State *L) {
  static const char *const method_names[] = { "sketch", "exact", NULL };
  LeaderParams p = check_clusters(L);
  p.text = check_shingles(L, 2, &p.shingle);
  p.hashes = check_count(L, 2, "num_hashes", 1, SKETCH_MAX_HASHES);
  p.bands = check_count(L, 2, "num_bands", 1, SKETCH_MAX_BANDS);
  p.rows = check_count(L, 2, "rows_per_band", 1, SKETCH_MAX_HASHES);
  p.exact = check_choice(L, 2, "method", method_names) == 1;
  luaL_argcheck(L, p.bands * p.rows <= p.hashes, 2,
                "num_bands * rows_per_band: expected no more than num_hashes");
  if (lua_getfield(L, 2, "short_bands") != LUA_TNIL) {
    p.short_bands = check_count(L, 2, "short_bands", 0, SKETCH_MAX_BANDS - p.bands);
    p.short_rows = check_count(L, 2, "short_rows", 1, p.hashes);
    p.short_most = check_count(L, 2, "short_shingles", 0, 1u << 30);
    p.bands += p.short_bands;
  }
  lua_pop(L, 1);
  if (lua_getfield(L, 2, "vectors") != LUA_TNIL) {   /* the table holds them while this runs */
    p.vectors = lua_checkvectors(L, lua_gettop(L));
    p.cosine = check_number(L, 2, "cosine", -1, 1);
    luaL_argcheck(L, !p.exact && !p.evidence && p.mode == CLUSTER_LEADER, 2,
                  "vectors: expected the sketches, leader and no floor");
  }
  lua_pop(L, 1);
  return p;
}

static void set_figures(lua_State *L, const ClusterFigures *f) {
  set_count(L, "clusters", f->clusters);
  set_count(L, "large_clusters", f->over);
  if (f->largest_of == TEXT_NONE) return;
  set_count(L, "largest_cluster", f->largest);
  set_count(L, "largest_cluster_row", (size_t)f->largest_of + 1);
  if (f->loosest_of == TEXT_NONE || isnan(f->loosest)) return;
  lua_pushnumber(L, f->loosest);
  lua_setfield(L, -2, "loosest");
  set_count(L, "loosest_row", (size_t)f->loosest_of + 1);
}

/* What the clusters are: figures into the table at the top. Rows count from 1. [-0, +0, m] */
void lua_set_clusters(lua_State *L, const ClusterFigures *f, size_t open, uint32_t loosest_twin) {
  set_figures(L, f);
  set_count(L, "unverified_rows", open);
  if (f->loosest_of != TEXT_NONE) set_count(L, "loosest_twin", (size_t)loosest_twin + 1);
}

/* The second visit to the rows of the table at 4. */
static int leaders_again(lua_State *L, const View *v, unsigned fields, LeaderParams *p, Pool *pool) {
  NeardupAgain again = check_again(L, v, 4);
  p->memory = check_memory(L, 4);
  Error err = { "" };
  lua_newverdicts(L);
  VerdictList *list = neardup_leaders_again(v, fields, p, &again, pool, &err);
  if (list == NULL) return push_failure(L, &err);
  lua_setverdicts(L, list);
  return 1;
}

static int f_leaders(lua_State *L) {
  View *v = lua_checkview(L, 1);
  LeaderParams p = check_leaders(L);
  Pool *pool = lua_optpool(L, 3);
  unsigned fields = check_fields(L, 2, NEARDUP_FIELDS);
  p.rank = check_rank(L, v, 2);
  luaL_argcheck(L, p.vectors == NULL || p.vectors->nrows == v->corpus->nrows, 2, "vectors: expected those of the view's rows");
  if (!lua_isnoneornil(L, 4)) return leaders_again(L, v, fields, &p, pool);

  Error err = { "" };
  NeardupCounts counts;
  TemplateParams t = check_template(L, 2, p.threshold, p.shingle);
  t.unit = p.text.unit;
  t.turns = p.text.turns;
  p.memory = new_memory(L);
  int memory = lua_gettop(L);
  lua_newverdicts(L);
  VerdictList *list = neardup_leaders(v, fields, &p, &t, pool, &counts, &err);
  if (list == NULL) return push_failure(L, &err);
  lua_setverdicts(L, list);
  lua_createtable(L, 0, 8);
  set_count(L, "bands", p.bands - p.short_bands);
  set_count(L, "short_bands", p.short_bands);
  set_count(L, "rows_per_band", p.rows);
  set_count(L, "candidates", counts.candidates);
  set_count(L, "verified", counts.verified);
  set_count(L, "pairs", list->npairs);
  set_count(L, "groups", counts.groups);
  set_count(L, "largest_group", counts.largest);
  set_count(L, "masked_shingles", counts.masked);
  if (p.vectors != NULL) {
    set_count(L, "refuted_pairs", counts.refuted);
    set_count(L, "unconfirmed_pairs", counts.unknown);
  }
  lua_set_clusters(L, &counts.clusters, counts.open, counts.loosest_twin);
  push_curve(L, p.bands - p.short_bands, p.rows);
  lua_setfield(L, -2, "recall_curve");
  lua_createtable(L, 0, 0);
  for (int f = 0; f < FIELD_COUNT; f++) {
    if (counts.shared[f].begin + counts.shared[f].end == 0) continue;
    lua_createtable(L, 0, 2);
    set_count(L, "begin", counts.shared[f].begin);
    set_count(L, "end", counts.shared[f].end);
    lua_setfield(L, -2, field_name((Field)f));
  }
  lua_setfield(L, -2, "template");
  lua_pushvalue(L, memory);
  lua_setfield(L, -2, "memory");
  return 2;
}

/* ---- sweep ---- */

#define SWEEP_TYPE "tamis.neardup.sweep"
typedef struct SweepBox { SweepStep *step; size_t n; } SweepBox;   /* step: NULL once freed */

static int sweep_gc(lua_State *L) {
  SweepBox *box = luaL_checkudata(L, 1, SWEEP_TYPE);
  if (box->step != NULL) sweep_free(box->step, box->n);
  free(box->step);
  box->step = NULL;
  return 0;
}

/* p.thresholds, each at the floor or above: a userdata on the stack. [-0, +1, v] */
static SweepParams check_thresholds(lua_State *L, double floor, size_t most_rows) {
  if (lua_getfield(L, 2, "thresholds") != LUA_TTABLE) luaL_error(L, "thresholds: expected a list of numbers");
  SweepParams s = { .nsteps = (size_t)luaL_len(L, -1), .most_rows = most_rows };
  double *threshold = lua_newuserdatauv(L, (s.nsteps + 1) * sizeof *threshold, 0);
  for (size_t i = 0; i < s.nsteps; i++) {
    if (lua_geti(L, -2, (lua_Integer)i + 1) != LUA_TNUMBER) luaL_error(L, "thresholds: expected a list of numbers");
    threshold[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
    if (!(threshold[i] >= floor && threshold[i] <= 1))
      luaL_error(L, "thresholds: expected %f (the floor of the evidence) to 1, got %f", floor, threshold[i]);
  }
  lua_remove(L, -2);
  s.threshold = threshold;
  s.margin = check_count(L, 2, "margin", 0, SWEEP_MARGIN);
  return s;
}

/* A verdict list, or a view and p.stage. It lives as long as the argument. */
static SweepEvidence check_evidence(lua_State *L, int arg) {
  if (luaL_testudata(L, arg, VERDICTS_TYPE) != NULL) {
    const VerdictList *l = lua_checkverdicts(L, arg);
    return (SweepEvidence){ l->pairs, l->npairs, l->clusters, l->nclusters, l->members, l->nmembers };
  }
  const View *v = lua_checkview(L, arg);
  if (lua_getfield(L, 2, "stage") == LUA_TNIL) lua_pushliteral(L, "near_dedup");
  size_t len;
  const char *name = luaL_checklstring(L, -1, &len);
  int stage = corpus_stage(v->corpus, span_of(name, len));
  const PairLayer *l = stage < 0 ? NULL : view_pairs(v, (uint16_t)stage);
  if (l == NULL) return (SweepEvidence){ 0 };
  return (SweepEvidence){ l->pair, l->n, l->cluster, l->nclusters, l->member, l->nmembers };
}

/* t[key] = { { row =, twin =, jaccard = }, … } [-0, +0, m] */
static void set_margin(lua_State *L, const char *key, const TextPair *pair, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 3);
    set_count(L, "row", (size_t)pair[i].a + 1);
    set_count(L, "twin", (size_t)pair[i].b + 1);
    lua_pushnumber(L, pair[i].jaccard);
    lua_setfield(L, -2, "jaccard");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, key);
}

static void push_step(lua_State *L, const SweepStep *s) {
  lua_createtable(L, 0, 10);
  lua_pushnumber(L, s->threshold);
  lua_setfield(L, -2, "threshold");
  set_count(L, "kept", s->kept);
  set_count(L, "removed", s->rejected);
  set_count(L, "compared", s->compared);
  set_figures(L, &s->clusters);
  set_margin(L, "taken", s->taken, s->ntaken);
  set_margin(L, "spared", s->spared, s->nspared);
}

static SweepBox *new_sweep(lua_State *L, const SweepParams *s) {
  SweepBox *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (SweepBox){ NULL, s->nsteps };
  if (luaL_newmetatable(L, SWEEP_TYPE)) {
    lua_pushcfunction(L, sweep_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  box->step = calloc(s->nsteps + 1, sizeof *box->step);
  if (box->step == NULL) luaL_error(L, "not enough memory");
  return box;
}

static int push_steps(lua_State *L, const SweepBox *box) {
  lua_createtable(L, (int)box->n, 0);
  for (size_t i = 0; i < box->n; i++) {
    push_step(L, &box->step[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int f_sweep(lua_State *L) {
  View *v = lua_checkview(L, 1);
  LeaderParams p = check_leaders(L);
  p.rank = check_rank(L, v, 2);
  SweepEvidence e = check_evidence(L, 3);
  Pool *pool = lua_optpool(L, 4);
  unsigned fields = check_fields(L, 2, NEARDUP_FIELDS);
  TemplateParams t = check_template(L, 2, p.threshold, p.shingle);
  t.unit = p.text.unit;
  t.turns = p.text.turns;
  SweepParams s = check_thresholds(L, p.floor, p.most_rows);
  SweepBox *box = new_sweep(L, &s);
  Error err = { "" };
  if (neardup_sweep(v, fields, &p, &t, &e, &s, pool, box->step, &err) != 0) return push_failure(L, &err);
  return push_steps(L, box);
}

SweepRows lua_check_states(lua_State *L, int arg) {
  size_t n, nrank = 0;
  const int rank = arg + 3;
  const char *states = luaL_checklstring(L, arg, &n);
  luaL_argcheck(L, n < UINT32_MAX, arg, "too many rows");
  SweepRows of = { .nrows = (uint32_t)n };
  if (!lua_isnoneornil(L, rank)) of.rank = lua_checknumbers(L, rank, &nrank);
  luaL_argcheck(L, of.rank == NULL || nrank == n, rank, "expected a number for each row");
  uint8_t *reached = lua_newuserdatauv(L, n + 1, 0);
  for (size_t i = 0; i < n; i++) reached[i] = states[i] == '0' ? 0 : states[i] == '2' ? SWEEP_TRUSTED : SWEEP_REACHED;
  of.reached = reached;
  return of;
}

static int f_sweep_rows(lua_State *L) {
  luaL_checkstring(L, 1);
  LeaderParams p = check_leaders(L);
  SweepEvidence e = check_evidence(L, 3);
  lua_settop(L, 4);
  SweepRows of = lua_check_states(L, 1);
  SweepParams s = check_thresholds(L, p.floor, p.most_rows);
  SweepBox *box = new_sweep(L, &s);
  Error err = { "" };
  int r = neardup_sweep_rows(&of, &p, &e, &s, box->step, &err);
  if (r == SWEEP_NEEDS_TEXTS) {
    lua_pushboolean(L, 0);
    return 1;
  }
  return r != 0 ? push_failure(L, &err) : push_steps(L, box);
}

static int f_recall(lua_State *L) {
  View *v = lua_checkview(L, 1);
  LeaderParams p = check_leaders(L);
  Pool *pool = lua_optpool(L, 3);
  NeardupRecall found;
  Error err = { "" };
  if (neardup_recall(v, check_fields(L, 2, NEARDUP_FIELDS), &p, pool, &found, &err) != 0)
    return push_failure(L, &err);
  lua_createtable(L, 0, 3);
  set_count(L, "pairs", found.pairs);
  set_count(L, "proposed", found.proposed);
  set_count(L, "copies", found.copies);
  return 1;
}

/* Whether runs of words are asked for: by ngram above 0. */
static int check_overlap(lua_State *L, int table, OverlapParams *p) {
  int type = lua_getfield(L, table, "ngram");
  lua_pop(L, 1);
  if (type == LUA_TNIL || check_count(L, table, "ngram", 0, OVERLAP_MOST) == 0) return 0;
  p->ngram = check_count(L, table, "ngram", OVERLAP_LEAST, OVERLAP_MOST);
  p->common = check_number(L, table, "common", 0, 1);
  p->common_texts = check_count(L, table, "common_rows", 0, UINT32_MAX / 2);
  p->words = check_count(L, table, "min_words", 0, 100000);
  p->shortest = check_count(L, table, "min_input_words", 1, 100000);
  p->distance = check_count(L, table, "answer_distance", 0, 100000);
  p->answer_run = check_count(L, table, "answer_run", 1, OVERLAP_ANSWER_MOST);
  p->answered = check_number(L, table, "answer_share", 1e-9, 1);
  p->threshold = check_number(L, table, "overlap", 1e-9, 2);
  p->with_answer = check_number(L, table, "overlap_with_answer", 1e-9, 2);
  lua_getfield(L, table, "contained");
  p->contained = lua_isnil(L, -1) || lua_toboolean(L, -1);
  lua_pop(L, 1);
  return 1;
}

static int f_decontaminate(lua_State *L) {
  View *v = lua_checkview(L, 1), *gold = lua_checkview(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  DecontaminateParams p = { .threshold = check_number(L, 3, "threshold", 1e-9, 1) };
  p.shingle = check_count(L, 3, "shingle", 1, GRAMS_MAX_SHINGLE);
  lua_getfield(L, 3, "input_alone");
  p.input_alone = lua_isnil(L, -1) || lua_toboolean(L, -1);
  lua_pop(L, 1);
  p.shared = check_template(L, 3, p.threshold, p.shingle);
  OverlapParams overlap = { 0 };
  if (check_overlap(L, 3, &overlap)) p.overlap = &overlap;
  Error err = { "" };
  GoldTaker most;
  lua_newverdicts(L);
  VerdictList *list = neardup_decontaminate(v, gold, &p, pool, &most, &err);
  if (list == NULL) return push_failure(L, &err);
  lua_setverdicts(L, list);
  lua_createtable(L, 0, 3);
  set_count(L, "rejected", list->n);
  set_count(L, "by_input", most.rows);
  if (most.rows > 0) set_count(L, "gold_row", (size_t)most.gold + 1);
  return 2;
}

/* The row numbers, from 0, that p.rows lists, or those of the whole view: a userdata on the stack.
** [-0, +1, v] */
static uint32_t *check_rows(lua_State *L, const View *v, int table, size_t *n) {
  lua_getfield(L, table, "rows");
  int some = !lua_isnil(L, -1);
  if (some) luaL_checktype(L, -1, LUA_TTABLE);
  *n = some ? (size_t)luaL_len(L, -1) : v->corpus->nrows;
  uint32_t *rows = lua_newuserdatauv(L, (*n + 1) * sizeof *rows, 0);
  for (size_t i = 0; i < *n; i++) {
    int whole = 1;
    lua_Integer row = (lua_Integer)i + 1;
    if (some) {
      lua_geti(L, -2, row);
      row = lua_tointegerx(L, -1, &whole);
      lua_pop(L, 1);
    }
    if (!whole || row < 1 || row > (lua_Integer)v->corpus->nrows)
      luaL_error(L, "rows: expected row numbers from 1 to %I", (lua_Integer)v->corpus->nrows);
    rows[i] = (uint32_t)(row - 1);
  }
  lua_remove(L, -2);
  return rows;
}

static int f_nearest(lua_State *L) {
  View *v = lua_checkview(L, 1);
  Span text = check_text(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 4);
  lua_settop(L, 4);
  unsigned k = check_count(L, 3, "k", 1, NEAREST_MAX);
  unsigned shingle = check_count(L, 3, "shingle", 1, GRAMS_MAX_SHINGLE);
  unsigned fields = check_fields(L, 3, 1u << FIELD_INPUT);
  size_t n, found = 0;
  uint32_t *rows = check_rows(L, v, 3, &n);
  NearHit *best = lua_newuserdatauv(L, k * sizeof *best, 0);
  ViewTexts texts;
  int r = view_texts_init(&texts, v, rows, n, fields, 0, pool);
  if (r == 0) r = nearest_texts(&texts.source, text, shingle, pool, k, best, &found);
  view_texts_free(&texts);
  if (r == POOL_INTERRUPTED) return push_failure(L, &(Error){ "" });
  if (r != 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)found, 0);
  for (size_t i = 0; i < found; i++) {
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, (lua_Integer)rows[best[i].text] + 1);
    lua_setfield(L, -2, "row");
    lua_pushnumber(L, best[i].jaccard);
    lua_setfield(L, -2, "jaccard");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int f_gold_copy(lua_State *L) {
  View *v = lua_checkview(L, 1), *gold = lua_checkview(L, 2);
  int input_alone = lua_toboolean(L, 3);
  Pool *pool = lua_optpool(L, 4);
  Error err = { "" };
  GoldCopy copy;
  if (neardup_gold_copy(v, gold, input_alone, pool, &copy, &err) != 0) return push_failure(L, &err);
  if (copy.rows == 0) {
    lua_pushboolean(L, 0);
    return 1;
  }
  lua_createtable(L, 0, 4);
  set_count(L, "row", (size_t)copy.row + 1);
  set_count(L, "gold_row", (size_t)copy.gold + 1);
  set_count(L, "rows", copy.rows);
  lua_pushstring(L, copy.input_alone ? "input" : "input with its output");
  lua_setfield(L, -2, "field");
  return 1;
}

/* ---- for other bindings (lua_neardup.h) ---- */

LeaderParams lua_check_leaders(lua_State *L) { return check_leaders(L); }
TemplateParams lua_check_template(lua_State *L, const LeaderParams *p) {
  TemplateParams t = check_template(L, 2, p->threshold, p->shingle);
  t.unit = p->text.unit;
  t.turns = p->text.turns;
  return t;
}
Turns lua_check_turns(lua_State *L) { return check_turns(L, 2); }
unsigned lua_check_fields(lua_State *L) { return check_fields(L, 2, NEARDUP_FIELDS); }
LeaderParams lua_check_clusters(lua_State *L) { return check_clusters(L); }
const double *lua_check_rank(lua_State *L, const View *v) { return check_rank(L, v, 2); }
NeardupAgain lua_check_again(lua_State *L, const View *v, int arg) { return check_again(L, v, arg); }
SweepEvidence lua_check_evidence(lua_State *L, int arg) { return check_evidence(L, arg); }
SweepParams lua_check_thresholds(lua_State *L, const LeaderParams *p) {
  return check_thresholds(L, p->floor, p->most_rows);
}
SweepStep *lua_new_steps(lua_State *L, const SweepParams *s) { return new_sweep(L, s)->step; }
void lua_push_steps(lua_State *L, const SweepStep *step, size_t n) {
  push_steps(L, &(SweepBox){ (SweepStep *)step, n });
}

/* neardup.rank_op("created_at", true): a row operator (rank.h); true: its values may be dates */
static int f_rank_op(lua_State *L) {
  Span key = check_text(L, 1);
  int times = lua_toboolean(L, 2);
  lua_newrowop(L);
  RowOp *op = rank_op(key, times);
  if (op == NULL) return luaL_error(L, "not enough memory");
  lua_setrowop(L, op);
  return 1;
}

static const luaL_Reg functions[] = {
  { "jaccard", f_jaccard }, { "normalise", f_normalise }, { "minhash", f_minhash },
  { "recall_curve", f_recall_curve }, { "bands", f_bands },
  { "exact", f_exact }, { "leaders", f_leaders }, { "sweep", f_sweep }, { "sweep_rows", f_sweep_rows },
  { "recall", f_recall }, { "decontaminate", f_decontaminate },
  { "gold_copy", f_gold_copy }, { "rank_op", f_rank_op },
  { "nearest", f_nearest },
  { NULL, NULL }
};

int luaopen_neardup(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
