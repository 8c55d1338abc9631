/* modules/coverage/reach.c - see reach.h */
#include "coverage/reach.h"

#include <math.h>
#include <stdlib.h>

#include "core/spill.h"
#include "cosine/nearest.h"
#include "coverage/apart.h"
#include "stats/numbers.h"

/* The nearest of each query row among the base rows: hit [nquery]. */
static int nearest_of(const Vectors *v, const uint32_t *base, uint32_t nbase, const Vectors *w, const uint32_t *query,
                      uint32_t nquery, int self, Pool *pool, CosineHit *hit, Error *err) {
  NearestParams p = { .k = 1, .least = -2, .exclude_self = self };
  uint32_t *slot = spill_alloc(((size_t)nbase + nquery + 1) * sizeof *slot);
  if (slot == NULL) return error_memory(err);
  for (uint32_t i = 0; i < nbase; i++) slot[i] = v->slot[base[i]];
  for (uint32_t i = 0; i < nquery; i++) slot[nbase + i] = w->slot[query[i]];
  int r = cosine_nearest(v, slot, nbase, w, slot + nbase, nquery, &p, pool, hit, NULL, err);
  spill_free(slot);
  return r;
}

/* The cosines of n hits in order; x [2 * n]. How many are there. */
static size_t sorted(const CosineHit *hit, size_t n, double *x) {
  size_t m = 0;
  for (size_t i = 0; i < n; i++)
    if (!isnan(hit[i].cosine)) x[m++] = hit[i].cosine;
  numbers_sort(x, x + n, m);
  return m;
}

/* How near the rows of the base are to each other, in a sample: the bound, unless it is given. */
static int own_bound(const View *view, const Vectors *v, const uint32_t *base, const ReachParams *p, Pool *pool,
                     Reach *out, Error *err) {
  uint32_t *row = spill_alloc(((size_t)out->base + 1) * sizeof *row);
  CosineHit *hit = NULL;
  double *x = NULL;
  int r = row == NULL ? error_memory(err) : 0;
  if (r == 0) {
    memcpy(row, base, out->base * sizeof *row);
    long n = apart_draw(view, row, out->base, p->own, p->seed);
    out->own = n > 0 ? (uint32_t)n : 0;
    hit = malloc(((size_t)out->own + 1) * sizeof *hit);
    x = malloc(((size_t)out->own + 1) * 2 * sizeof *x);
    r = n < 0 || hit == NULL || x == NULL ? error_memory(err)
      : nearest_of(v, base, out->base, v, row, out->own, 1, pool, hit, err);
  }
  if (r == 0) {
    size_t n = sorted(hit, out->own, x);
    if (n > 0 && isnan(out->bound)) out->bound = numbers_quantile(x, n, p->share);
    if (n > 0) out->own_p50 = numbers_quantile(x, n, 0.5);
  }
  spill_free(row);
  free(hit);
  free(x);
  return r;
}

static int lowest(const void *x, const void *y) {
  const ReachFar *a = x, *b = y;
  if (a->cosine != b->cosine) return a->cosine < b->cosine ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

static int take_hits(const CosineHit *hit, const uint32_t *base, const uint32_t *query, Reach *out, Error *err) {
  double *x = malloc(((size_t)out->queries + 1) * 2 * sizeof *x);
  out->far = malloc(((size_t)out->queries + 1) * sizeof *out->far);
  if (x == NULL || out->far == NULL) {
    free(x);
    return error_memory(err);
  }
  size_t n = sorted(hit, out->queries, x);
  if (n > 0) {
    out->mean = numbers_sum(x, n) / (double)n;
    out->p10 = numbers_quantile(x, n, 0.1);
    out->p50 = numbers_quantile(x, n, 0.5);
  }
  free(x);
  for (uint32_t i = 0; i < out->queries; i++)
    if (hit[i].cosine < out->bound) out->far[out->nfar++] = (ReachFar){ query[i], base[hit[i].place], hit[i].cosine };
  qsort(out->far, out->nfar, sizeof *out->far, lowest);
  return 0;
}

int reach_find(const View *view, const Vectors *v, const View *other, const Vectors *w, const ReachParams *p, Pool *pool,
               Reach *out, Error *err) {
  uint32_t *base = spill_alloc(((size_t)view->corpus->nrows + 1) * sizeof *base);
  uint32_t *query = spill_alloc(((size_t)other->corpus->nrows + 1) * sizeof *query);
  CosineHit *hit = NULL;
  *out = (Reach){ .bound = p->bound, .mean = NAN, .p10 = NAN, .p50 = NAN, .own_p50 = NAN };
  int r = base == NULL || query == NULL ? error_memory(err) : 0;
  if (r == 0) {
    out->base = (uint32_t)apart_rows(view, v, APART_STANDING, 0, 0, base);
    out->queries = (uint32_t)apart_rows(other, w, APART_STANDING, 0, 0, query);
    hit = spill_alloc(((size_t)out->queries + 1) * sizeof *hit);
    if (hit == NULL) r = error_memory(err);
  }
  if (r == 0) r = own_bound(view, v, base, p, pool, out, err);
  if (r == 0) r = nearest_of(v, base, out->base, w, query, out->queries, 0, pool, hit, err);
  if (r == 0) r = take_hits(hit, base, query, out, err);
  spill_free(base);
  spill_free(query);
  spill_free(hit);
  if (r != 0) reach_free(out);
  return r;
}

void reach_free(Reach *r) {
  free(r->far);
  *r = (Reach){ 0 };
}
