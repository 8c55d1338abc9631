/* modules/cosine/search.c - see search.h */
#include "cosine/search.h"

#include <time.h>

#include "core/spill.h"
#include "cosine/cells.h"
#include "cosine/distinct.h"
#include "cosine/heads.h"
#include "cosine/hits.h"
#include "cosine/sweep.h"

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct Search {
  const Vectors *v;
  Distinct d;
  Heads heads;             /* given over to: */
  Cells cells;
  Heads shape;             /* what the heads were, without them */
  Hits hits;
} Search;

/* Two rows' heads are near enough. A pair below what is wanted by now (hits.h) needs no verdict. */
static int decide(void *ctx, int worker, uint32_t a, uint32_t b, double most) {
  Search *s = ctx;
  const double least = hits_least(&s->hits);
  if (most < heads_bound(&s->shape, least)) return 0;
  const uint32_t i = s->cells.row[a], j = s->cells.row[b];
  const double cosine = vectors_cosine(s->v, s->d.slot[i], s->d.slot[j]);
  return cosine < least ? 0 : hits_add(&s->hits, worker, s->d.place[i], s->d.place[j], cosine);
}

/* ---- the whole ---- */

static void free_search(Search *s) {
  distinct_free(&s->d);
  heads_free(&s->heads);
  cells_free(&s->cells);
  hits_free(&s->hits);
}

/* Products near 0 and below tell clusters nothing. */
static const double LEAST_FOR_CELLS = 0.1;

static int prepare(Search *s, const CosineParams *p, Pool *pool) {
  int r = heads_make(&s->heads, s->v, s->d.slot, s->d.n, p->threshold, p->plain, pool);
  if (r != 0) return r;
  s->shape = s->heads;
  s->shape.x = NULL;
  const int one = p->plain || heads_bound(&s->shape, p->threshold) < LEAST_FOR_CELLS;
  return cells_make(&s->cells, &s->heads, one ? 1 : 0, pool);
}

static void tell_figures(const Search *s, const SweepCounts *c, int searched, CosineFigures *f) {
  f->distinct = s->d.n;
  f->pairs = searched ? (uint64_t)s->d.n * (s->d.n > 0 ? s->d.n - 1 : 0) / 2 : 0;
  f->by_cluster = c->by_cluster;
  f->by_annulus = c->by_annulus;
  f->by_head = c->taken - c->reached;
  f->proposed = c->reached;
  f->products = c->taken;
  f->clusters = c->cells;
  f->head = s->shape.width;
}

/* What it had found depends on who came first. */
static int give_up(const Search *s, CosinePairs *out) {
  cosine_pairs_free(out);
  *out = (CosinePairs){ .floor = 2, .limited = 1 };
  tell_figures(s, &(SweepCounts){ 0 }, 0, &out->figures);
  return 0;
}

static int find_pairs(Search *s, const uint32_t *slot, uint32_t n, const CosineParams *p, Pool *pool,
                      CosinePairs *out) {
  SweepCounts counts = { 0 };
  const double begun = now_s();
  int r = distinct_find(&s->d, s->v, slot, n, pool);
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  if (r == 0) r = hits_init(&s->hits, p->threshold, p->most, p->give_up > 0 ? p->give_up : 2, threads);
  const int search = p->threshold < 1;   /* else only copies match */
  if (r == 0 && search) r = prepare(s, p, pool);
  const double prepared = now_s();
  if (r == 0 && search)
    r = sweep_pairs(&s->cells, heads_bound(&s->shape, p->threshold), simd_best(), pool, decide, s, &counts);
  const double searched = now_s();
  if (r == 0) r = hits_take(&s->hits, out);
  if (r == HITS_TOO_MANY) return give_up(s, out);
  if (r == 0) r = distinct_lay(&s->d, out);
  tell_figures(s, &counts, search, &out->figures);
  out->figures.prepare_s = prepared - begun;
  out->figures.search_s = searched - prepared;
  out->figures.settle_s = now_s() - searched;
  return r;
}

int cosine_pairs(const Vectors *v, const uint32_t *slot, uint32_t n, const CosineParams *p, Pool *pool,
                 CosinePairs *out, Error *err) {
  *out = (CosinePairs){ 0 };
  Search s = { .v = v };
  int r = find_pairs(&s, slot, n, p, pool, out);
  free_search(&s);
  if (r == 0) return 0;
  cosine_pairs_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

void cosine_pairs_free(CosinePairs *p) {
  spill_free(p->pair);
  *p = (CosinePairs){ 0 };
}
