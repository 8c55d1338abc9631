/* modules/cosine/search.c - see search.h */
#include "cosine/search.h"

#include <stdlib.h>
#include <time.h>

#include "core/spill.h"
#include "cosine/cells.h"
#include "cosine/heads.h"
#include "cosine/hits.h"
#include "cosine/pack.h"
#include "cosine/sweep.h"

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct Search {
  const Vectors *v;
  const uint32_t *slot;    /* of the list */
  uint32_t n;              /* distinct vectors: */
  uint32_t *place;         /* [n] their places in the list, */
  uint32_t *mine;          /* [n] and slots */
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
  const double cosine = vectors_cosine(s->v, s->mine[i], s->mine[j]);
  return cosine < least ? 0 : hits_add(&s->hits, worker, s->place[i], s->place[j], cosine);
}

/* ---- the whole ---- */

static void free_search(Search *s) {
  free(s->place);
  free(s->mine);
  heads_free(&s->heads);
  cells_free(&s->cells);
  hits_free(&s->hits);
}

/* The distinct vectors of the list; *copies how many others there are. */
static int find_distinct(Search *s, uint32_t n, Pool *pool, uint32_t *like) {
  s->place = malloc((n + (size_t)1) * sizeof *s->place);
  s->mine = malloc((n + (size_t)1) * sizeof *s->mine);
  if (s->place == NULL || s->mine == NULL) return -1;
  int r = cosine_copies(s->v, s->slot, n, pool, like);
  for (uint32_t i = 0; r == 0 && i < n; i++) {
    if (like[i] != i) continue;
    s->mine[s->n] = slot_at(s->slot, i);
    s->place[s->n++] = i;
  }
  return r;
}

static int by_b(const void *a, const void *b) {
  const CosinePair *x = a, *y = b;
  return x->b < y->b ? -1 : x->b > y->b;
}

/* Pairs and those of copies, by a, then by b: counted into place by a. */
static int lay_pairs(CosinePairs *out, const uint32_t *like, uint32_t n) {
  size_t total = out->n, *start = calloc(n + (size_t)2, sizeof *start);
  for (uint32_t i = 0; i < n; i++) total += like[i] != i;
  CosinePair *pair = spill_alloc((total + 1) * sizeof *pair);
  if (start == NULL || pair == NULL) {
    free(start);
    spill_free(pair);
    return -1;
  }
  for (size_t i = 0; i < out->n; i++) start[out->pair[i].a + 2]++;
  for (uint32_t i = 0; i < n; i++)
    if (like[i] != i) start[like[i] + 2]++;
  for (uint32_t i = 0; i < n; i++) start[i + 2] += start[i + 1];
  for (size_t i = 0; i < out->n; i++) pair[start[out->pair[i].a + 1]++] = out->pair[i];
  for (uint32_t i = 0; i < n; i++)
    if (like[i] != i) pair[start[like[i] + 1]++] = (CosinePair){ like[i], i, 1 };
  for (uint32_t i = 0; i < n; i++)
    if (start[i + 1] - start[i] > 1) qsort(pair + start[i], start[i + 1] - start[i], sizeof *pair, by_b);
  free(start);
  spill_free(out->pair);
  out->pair = pair;
  out->n = total;
  return 0;
}

/* Products near 0 and below tell clusters nothing. */
static const double LEAST_FOR_CELLS = 0.1;

static int prepare(Search *s, const CosineParams *p, Pool *pool) {
  int r = heads_make(&s->heads, s->v, s->mine, s->n, p->threshold, p->plain, pool);
  if (r != 0) return r;
  s->shape = s->heads;
  s->shape.x = NULL;
  const int one = p->plain || heads_bound(&s->shape, p->threshold) < LEAST_FOR_CELLS;
  return cells_make(&s->cells, &s->heads, one ? 1 : 0, pool);
}

static void tell_figures(const Search *s, const SweepCounts *c, int searched, CosineFigures *f) {
  f->distinct = s->n;
  f->pairs = searched ? (uint64_t)s->n * (s->n > 0 ? s->n - 1 : 0) / 2 : 0;
  f->by_cluster = c->by_cluster;
  f->by_annulus = c->by_annulus;
  f->by_head = c->taken - c->reached;
  f->proposed = c->reached;
  f->products = c->taken;
  f->clusters = c->cells;
  f->head = s->shape.width;
}

static int find_pairs(Search *s, uint32_t n, const CosineParams *p, Pool *pool, CosinePairs *out) {
  SweepCounts counts = { 0 };
  const double begun = now_s();
  uint32_t *like = malloc((n + (size_t)1) * sizeof *like);
  int r = like == NULL ? -1 : find_distinct(s, n, pool, like);
  if (r == 0) r = hits_init(&s->hits, p->threshold, p->most, pool != NULL ? pool_threads(pool) : 1);
  const int search = p->threshold < 1;   /* else only copies match */
  if (r == 0 && search) r = prepare(s, p, pool);
  const double prepared = now_s();
  if (r == 0 && search)
    r = sweep_pairs(&s->cells, heads_bound(&s->shape, p->threshold), simd_best(), pool, decide, s, &counts);
  const double searched = now_s();
  if (r == 0) r = hits_take(&s->hits, out);
  if (r == 0) r = lay_pairs(out, like, n);
  free(like);
  tell_figures(s, &counts, search, &out->figures);
  out->figures.prepare_s = prepared - begun;
  out->figures.search_s = searched - prepared;
  out->figures.settle_s = now_s() - searched;
  return r;
}

int cosine_pairs(const Vectors *v, const uint32_t *slot, uint32_t n, const CosineParams *p, Pool *pool,
                 CosinePairs *out, Error *err) {
  *out = (CosinePairs){ 0 };
  Search s = { .v = v, .slot = slot };
  int r = find_pairs(&s, n, p, pool, out);
  free_search(&s);
  if (r == 0) return 0;
  cosine_pairs_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

void cosine_pairs_free(CosinePairs *p) {
  spill_free(p->pair);
  *p = (CosinePairs){ 0 };
}
