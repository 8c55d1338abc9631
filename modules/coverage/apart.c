/* modules/coverage/apart.c - see apart.h */
#include "coverage/apart.h"

#include <math.h>
#include <stdlib.h>

#include "core/spill.h"
#include "cosine/nearest.h"
#include "select/select.h"

enum { QUERIES = 4096 };   /* whose hits are in memory at once */
#define OTHER 0xC2B2AE3D27D4EB4Fu   /* a draw of ours is not the one that the stage `sample` makes of the same seed */

/* ---- sets ---- */

typedef struct Placed { uint64_t place; uint32_t row; } Placed;

static int by_place(const void *x, const void *y) {
  const Placed *a = x, *b = y;
  if (a->place != b->place) return a->place < b->place ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

static int by_row(const void *x, const void *y) {
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  return (a > b) - (a < b);
}

long apart_draw(const View *view, uint32_t *row, size_t n, size_t want, uint64_t seed) {
  if (want >= n) return (long)n;
  Placed *p = spill_alloc((n + 1) * sizeof *p);
  if (p == NULL) return -1;
  for (size_t i = 0; i < n; i++) p[i] = (Placed){ select_place(view->corpus->identity[row[i]], seed ^ OTHER), row[i] };
  qsort(p, n, sizeof *p, by_place);
  for (size_t i = 0; i < want; i++) row[i] = p[i].row;
  qsort(row, want, sizeof *row, by_row);
  spill_free(p);
  return (long)want;
}

long apart_rows(const View *view, const Vectors *v, ApartSet set, size_t n, uint64_t seed, uint32_t *out) {
  size_t found = 0;
  for (uint32_t row = 0; row < view->corpus->nrows; row++) {
    if (v != NULL && v->slot[row] == VECTOR_NONE) continue;
    if (set == APART_STANDING ? view_status(view, row) != STATUS_STANDING : corpus_row_state(view->corpus, row) != ROW_OK)
      continue;
    out[found++] = row;
  }
  return set == APART_RANDOM ? apart_draw(view, out, found, n, seed) : (long)found;
}

/* ---- distances ---- */

/* What one query's hits say. */
static void take_hits(const CosineHit *hit, uint32_t found, const uint32_t *base, double *mean, uint32_t *nearest) {
  double sum = 0;
  for (uint32_t i = 0; i < found; i++) sum += 1 - hit[i].cosine;
  *mean = found > 0 ? fmax(0, sum / found) : NAN;
  if (nearest != NULL) *nearest = found > 0 ? base[hit[0].place] : PLACE_NONE;
}

int apart_mean(const Vectors *v, const uint32_t *base, uint32_t nbase, const uint32_t *query, uint32_t nquery,
               uint32_t k, Pool *pool, double *mean, uint32_t *nearest, Error *err) {
  NearestParams p = { .k = k, .least = -2, .exclude_self = 1 };
  uint32_t *slot = spill_alloc(((size_t)nbase + QUERIES) * sizeof *slot), *asked = slot == NULL ? NULL : slot + nbase;
  uint32_t *found = malloc(QUERIES * sizeof *found);
  CosineHit *hit = malloc((size_t)QUERIES * k * sizeof *hit);
  int r = slot == NULL || found == NULL || hit == NULL ? error_memory(err) : 0;
  for (uint32_t i = 0; r == 0 && i < nbase; i++) slot[i] = v->slot[base[i]];
  for (uint32_t from = 0; r == 0 && from < nquery; from += QUERIES) {
    uint32_t n = nquery - from < QUERIES ? nquery - from : QUERIES;
    for (uint32_t i = 0; i < n; i++) asked[i] = v->slot[query[from + i]];
    r = cosine_nearest(v, slot, nbase, v, asked, n, &p, pool, hit, found, err);
    for (uint32_t i = 0; r == 0 && i < n; i++)
      take_hits(hit + (size_t)i * k, found[i], base, &mean[from + i], nearest == NULL ? NULL : &nearest[from + i]);
  }
  spill_free(slot);
  free(found);
  free(hit);
  return r;
}

/* ---- outliers ---- */

void outliers_free(Outliers *o) {
  free(o->distance);
  free(o->top);
  *o = (Outliers){ 0 };
}

static int farthest(const void *x, const void *y) {
  const Outlier *a = x, *b = y;
  int lost = isnan(a->distance) - isnan(b->distance);
  if (lost != 0) return lost;
  if (a->distance != b->distance) return a->distance > b->distance ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

/* Holds c[0..n) against all rows. */
static int measure_some(const Vectors *v, const uint32_t *row, uint32_t nrows, Outlier *c, uint32_t n, uint32_t k,
                        Pool *pool, Error *err) {
  uint32_t *query = malloc(((size_t)n + 1) * sizeof *query), *nearest = malloc(((size_t)n + 1) * sizeof *nearest);
  double *mean = malloc(((size_t)n + 1) * sizeof *mean);
  int r = query == NULL || nearest == NULL || mean == NULL ? error_memory(err) : 0;
  for (uint32_t i = 0; r == 0 && i < n; i++) query[i] = c[i].row;
  if (r == 0) r = apart_mean(v, row, nrows, query, n, k, pool, mean, nearest, err);
  for (uint32_t i = 0; r == 0 && i < n; i++) c[i].distance = mean[i], c[i].nearest = nearest[i];
  free(query);
  free(nearest);
  free(mean);
  return r;
}

/* c[0..n), farthest first by what a sample said, which is never less than the truth: those that may lie above the bound
** or among the top are held against all, until no other can. How many were: *exact. */
static int settle_far(const Vectors *v, const uint32_t *row, uint32_t n, Outlier *c, const OutlierParams *p, Pool *pool,
                      size_t *exact, Error *err) {
  enum { BATCH = 512 };
  for (*exact = 0; *exact < n && !isnan(c[*exact].distance);) {
    double next = c[*exact].distance;
    int wanted = next > p->bound || *exact < p->top;
    if (!wanted && p->top > 0) {
      qsort(c, *exact, sizeof *c, farthest);
      wanted = next >= c[p->top - 1].distance;
    }
    if (!wanted) break;
    uint32_t some = n - *exact < BATCH ? n - (uint32_t)*exact : BATCH;
    int r = measure_some(v, row, n, c + *exact, some, p->k, pool, err);
    if (r != 0) return r;
    *exact += some;
  }
  qsort(c, *exact, sizeof *c, farthest);
  return 0;
}

static int find_far(const Vectors *v, const uint32_t *row, const uint32_t *base, const OutlierParams *p, Pool *pool,
                    Outliers *out, Outlier *c, Error *err) {
  double *mean = spill_alloc((out->n + 1) * sizeof *mean);
  uint32_t *nearest = spill_alloc((out->n + 1) * sizeof *nearest), n = (uint32_t)out->n;
  int r = mean == NULL || nearest == NULL ? error_memory(err) : 0;
  if (r == 0) r = apart_mean(v, base, (uint32_t)out->base, row, n, p->k, pool, mean, nearest, err);
  for (uint32_t i = 0; r == 0 && i < n; i++) c[i] = (Outlier){ row[i], nearest[i], mean[i] };
  spill_free(mean);
  spill_free(nearest);
  if (r != 0) return r;
  qsort(c, n, sizeof *c, farthest);
  if (out->base < out->n) r = settle_far(v, row, n, c, p, pool, &out->exact, err);
  else out->exact = n;
  return r;
}

int outliers_find(const View *view, const Vectors *v, const OutlierParams *p, Pool *pool, Outliers *out, Error *err) {
  uint32_t nrows = view->corpus->nrows;
  uint32_t *row = spill_alloc(((size_t)nrows + 1) * 2 * sizeof *row), *base = row == NULL ? NULL : row + nrows + 1;
  Outlier *c = NULL;
  *out = (Outliers){ .distance = malloc(((size_t)nrows + 1) * sizeof *out->distance) };   /* a VerdictList frees it */
  int r = row == NULL || out->distance == NULL ? error_memory(err) : 0;
  if (r == 0) {
    out->n = (size_t)apart_rows(view, v, APART_STANDING, 0, 0, row);
    memcpy(base, row, out->n * sizeof *row);
    long drawn = apart_draw(view, base, out->n, p->sample, p->seed);
    c = spill_alloc((out->n + 1) * sizeof *c);
    out->top = malloc((p->top + 1) * sizeof *out->top);
    if (drawn < 0 || c == NULL || out->top == NULL) r = error_memory(err);
    else out->base = (size_t)drawn;
  }
  if (r == 0) r = find_far(v, row, base, p, pool, out, c, err);
  for (uint32_t i = 0; r == 0 && i < nrows; i++) out->distance[i] = NAN;
  for (size_t i = 0; r == 0 && i < out->n; i++) out->distance[c[i].row] = c[i].distance;
  for (size_t i = 0; r == 0 && i < p->top && i < out->exact && !isnan(c[i].distance); i++) out->top[out->ntop++] = c[i];
  spill_free(row);
  spill_free(c);
  if (r != 0) outliers_free(out);
  return r;
}

VerdictList *outliers_verdicts(Outliers *o, const View *view, double bound, const char *reason, const char *metric_name) {
  VerdictList *list = verdicts_new();
  if (list == NULL) return NULL;
  list->reasons[0] = reason;
  list->field = "distance";
  list->metric_name = metric_name;
  for (uint32_t row = 0; row < view->corpus->nrows; row++) {
    if (!(o->distance[row] > bound) || select_trusted(view->corpus, row)) continue;
    VerdictEntry e = { .row = row, .twin = PLACE_NONE, .value = o->distance[row], .threshold = bound, .blob = -1 };
    if (verdicts_add(list, e) == 0) continue;
    verdicts_free(list);
    return NULL;
  }
  list->metric = o->distance;
  o->distance = NULL;
  return list;
}
