/* modules/cosine/nearest.c - see nearest.h */
#include "cosine/nearest.h"

#include <math.h>
#include <stdlib.h>

#include "cosine/pack.h"
#include "vectors/dense.h"

enum { ROWS = 128, TILE = 512 };   /* queries that share one copy of the base; what of it is in the cache */

typedef struct Nearest {
  const Vectors *base, *queries;
  const uint32_t *base_slot, *query_slot;
  uint32_t nbase, nqueries;
  const NearestParams *p;
  double slack;
  CosineHit *hits;       /* [nqueries][k]: while a query is searched a heap, its worst hit at the top */
  uint32_t *found;       /* [nqueries] */
  int threads;
  float **room;          /* [threads] queries, base rows and products of a tile */
} Nearest;

static int is_worse(const CosineHit *a, const CosineHit *b) {
  return a->cosine < b->cosine || (a->cosine == b->cosine && a->place > b->place);
}

static void swap(CosineHit *a, CosineHit *b) {
  CosineHit t = *a;
  *a = *b;
  *b = t;
}

static void sift_down(CosineHit *h, uint32_t n, uint32_t i) {
  for (;;) {
    uint32_t worst = i, left = 2 * i + 1;
    if (left < n && is_worse(&h[left], &h[worst])) worst = left;
    if (left + 1 < n && is_worse(&h[left + 1], &h[worst])) worst = left + 1;
    if (worst == i) return;
    swap(&h[i], &h[worst]);
    i = worst;
  }
}

static void add_hit(CosineHit *h, uint32_t *n, uint32_t k, CosineHit hit) {
  if (*n == k) {
    if (!is_worse(&h[0], &hit)) return;
    h[0] = hit;
    sift_down(h, k, 0);
    return;
  }
  uint32_t i = (*n)++;
  h[i] = hit;
  for (; i > 0 && is_worse(&h[i], &h[(i - 1) / 2]); i = (i - 1) / 2) swap(&h[i], &h[(i - 1) / 2]);
}

static void hold(const Nearest *s, uint32_t query, const float *product, uint32_t from, uint32_t n) {
  CosineHit *h = s->hits + (size_t)query * s->p->k;
  const uint32_t slot = slot_at(s->query_slot, query);
  for (uint32_t j = 0; j < n; j++) {
    const double wanted = s->found[query] == s->p->k ? h[0].cosine : s->p->least;
    if (product[j] < wanted - s->slack) continue;
    const uint32_t other = slot_at(s->base_slot, from + j);
    if (s->p->exclude_self && other == slot && s->base == s->queries) continue;
    CosineHit hit = { vectors_cosine_between(s->queries, slot, s->base, other), from + j };
    if (hit.cosine >= s->p->least) add_hit(h, &s->found[query], s->p->k, hit);
  }
}

/* The heap sorted, highest first, and what is missing behind it. */
static void settle(const Nearest *s, uint32_t query) {
  CosineHit *h = s->hits + (size_t)query * s->p->k;
  for (uint32_t n = s->found[query]; n > 1; n--) {
    swap(&h[0], &h[n - 1]);
    sift_down(h, n - 1, 0);
  }
  for (uint32_t i = s->found[query]; i < s->p->k; i++) h[i] = (CosineHit){ NAN, VECTOR_NONE };
}

static int search_some(void *ctx, size_t begin, size_t end, int worker) {
  Nearest *s = ctx;
  const size_t d = s->base->dim;
  if (s->room[worker] == NULL) s->room[worker] = malloc(((ROWS + TILE) * d + (size_t)ROWS * TILE) * sizeof(float));
  if (s->room[worker] == NULL) return -1;
  float *q = s->room[worker], *x = q + ROWS * d, *c = x + TILE * d;
  for (size_t i = begin; i < end; i++) {
    s->found[i] = 0;
    pack_one(s->queries, slot_at(s->query_slot, (uint32_t)i), q + (i - begin) * d);
  }
  for (uint32_t at = 0; at < s->nbase; at += TILE) {
    const uint32_t n = s->nbase - at < TILE ? s->nbase - at : TILE;
    for (uint32_t j = 0; j < n; j++) pack_one(s->base, slot_at(s->base_slot, at + j), x + j * d);
    dense_nt(end - begin, n, d, q, d, x, d, c, TILE);
    for (size_t i = begin; i < end; i++) hold(s, (uint32_t)i, c + (i - begin) * TILE, at, n);
    if (interrupt_pending()) return POOL_INTERRUPTED;
  }
  for (size_t i = begin; i < end; i++) settle(s, (uint32_t)i);
  return 0;
}

static int check(const Vectors *base, uint32_t dim, const NearestParams *p, Error *err) {
  if (base->dim != dim)
    return error_set(err, "vectors of %u numbers have no cosine with vectors of %u: both must be of one embedding",
                     (unsigned)dim, (unsigned)base->dim);
  if (p->k < 1 || p->k > COSINE_NEAREST_MAX)
    return error_set(err, "%u nearest were asked for; allowed are 1 to %d", (unsigned)p->k, COSINE_NEAREST_MAX);
  return 0;
}

int cosine_nearest(const Vectors *base, const uint32_t *base_slot, uint32_t nbase, const Vectors *queries,
                   const uint32_t *query_slot, uint32_t nqueries, const NearestParams *p, Pool *pool, CosineHit *hits,
                   uint32_t *found, Error *err) {
  if (check(base, queries->dim, p, err) != 0) return -1;
  Nearest s = { .base = base, .queries = queries, .base_slot = base_slot, .query_slot = query_slot, .nbase = nbase,
                .nqueries = nqueries, .p = p, .slack = pack_slack(base->dim), .hits = hits, .found = found,
                .threads = pool != NULL ? pool_threads(pool) : 1 };
  if (found == NULL) s.found = malloc((nqueries + (size_t)1) * sizeof *s.found);
  s.room = calloc((size_t)s.threads, sizeof *s.room);
  int r = s.found == NULL || s.room == NULL ? -1 : pool_for(pool, nqueries, ROWS, search_some, &s);
  for (int t = 0; s.room != NULL && t < s.threads; t++) free(s.room[t]);
  free(s.room);
  if (found == NULL) free(s.found);
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}

int cosine_nearest_of(const Vectors *base, const uint32_t *base_slot, uint32_t nbase, const float *x,
                      const NearestParams *p, Pool *pool, CosineHit *hits, uint32_t *found, Error *err) {
  const uint32_t row = 0;
  Vectors *query;
  if (check(base, base->dim, p, err) != 0) return -1;
  if (vectors_new(&query, 1, &row, 1, base->dim, base->kind, "query") != 0) return error_memory(err);
  int r = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->k; i++) hits[i] = (CosineHit){ NAN, VECTOR_NONE };
  if (vectors_put(query, 0, x) == VECTOR_OK) {   /* else it is near nothing */
    vectors_close(query);
    r = cosine_nearest(base, base_slot, nbase, query, NULL, 1, p, pool, hits, &n, err);
  }
  if (found != NULL) *found = n;
  vectors_unref(query);
  return r;
}
