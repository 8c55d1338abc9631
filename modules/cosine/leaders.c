/* modules/cosine/leaders.c - cosine_leaders (search.h): a block of rows after the other, in visiting order, is held
** against the rows kept so far, and then against those of the block. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/spill.h"
#include "cosine/pack.h"
#include "cosine/search.h"
#include "vectors/dense.h"

enum { BLOCK = 256, ROWS = 32, TILE = 512 };

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct Visitor { uint32_t place, twin; double best; uint64_t proposed; } Visitor;

typedef struct Visit {
  const Vectors *v;
  const uint32_t *slot;
  double threshold, slack;
  uint32_t *like;          /* [n] */
  uint32_t *kept_of;       /* [n] the kept place of a node; COSINE_NONE */
  uint32_t kept;           /* rows kept: */
  uint32_t *place;         /* [kept] in visiting order, */
  float *x;                /* [kept] packed, of capacity */
  size_t capacity;
  uint32_t m;              /* visitors of this block: */
  Visitor visitor[BLOCK];
  float *q;                /* [m] packed */
  float *within;           /* [m][BLOCK] their products */
  int threads;
  float **room;            /* [threads] */
} Visit;

/* Does a product allow that this kept place is the visitor's twin? Then the verdict. */
static void hold(Visit *s, Visitor *w, uint32_t kept, float product) {
  if (product < w->best - s->slack) return;
  w->proposed++;
  double cosine = vectors_cosine(s->v, slot_at(s->slot, w->place), slot_at(s->slot, kept));
  if (cosine < w->best || (cosine == w->best && w->twin != COSINE_NONE)) return;
  w->best = cosine;
  w->twin = kept;
}

/* Visitors begin .. end against all rows that were kept before this block. */
static int hold_some(void *ctx, size_t begin, size_t end, int worker) {
  Visit *s = ctx;
  const size_t d = s->v->dim;
  if (s->room[worker] == NULL) s->room[worker] = malloc(ROWS * TILE * sizeof(float));
  if (s->room[worker] == NULL) return -1;
  for (uint32_t at = 0; at < s->kept; at += TILE) {
    const uint32_t n = s->kept - at < TILE ? s->kept - at : TILE;
    dense_nt(end - begin, n, d, s->q + begin * d, d, s->x + at * d, d, s->room[worker], TILE);
    for (size_t i = begin; i < end; i++) {
      const float *row = s->room[worker] + (i - begin) * TILE;
      for (uint32_t j = 0; j < n; j++) hold(s, &s->visitor[i], s->place[at + j], row[j]);
    }
  }
  return 0;
}

static int keep(Visit *s, uint32_t place, const float *x) {
  const size_t d = s->v->dim;
  if (s->kept == s->capacity) {
    size_t capacity = s->capacity * 2 + BLOCK;
    float *more = spill_resize(s->x, capacity * d * sizeof *more);
    if (more == NULL) return -1;
    s->x = more;
    s->capacity = capacity;
  }
  memcpy(s->x + s->kept * d, x, d * sizeof *x);
  s->place[s->kept++] = place;
  s->kept_of[s->like[place]] = place;
  return 0;
}

/* The block's visitors one after the other; barred ones are not kept. */
static int settle_block(Visit *s, const uint8_t *barred, CosineLeaders *out) {
  const size_t d = s->v->dim;
  uint32_t newly[BLOCK], n = 0;
  dense_nt(s->m, s->m, d, s->q, d, s->q, d, s->within, BLOCK);
  for (uint32_t i = 0; i < s->m; i++) {
    Visitor *w = &s->visitor[i];
    const uint32_t copy = s->kept_of[s->like[w->place]];
    if (copy != COSINE_NONE) {
      w->twin = copy;
      w->best = 1;
    }
    for (uint32_t j = 0; j < n && copy == COSINE_NONE; j++)
      hold(s, w, s->visitor[newly[j]].place, s->within[(size_t)i * BLOCK + newly[j]]);
    out->figures.proposed += w->proposed;
    out->figures.pairs += s->kept;
    out->twin[w->place] = w->twin;
    out->cosine[w->place] = w->twin != COSINE_NONE ? w->best : NAN;
    out->rejected += w->twin != COSINE_NONE;
    if (w->twin != COSINE_NONE || (barred != NULL && barred[w->place])) continue;
    if (keep(s, w->place, s->q + i * d) != 0) return -1;
    newly[n++] = i;
  }
  return 0;
}

static int visit_all(Visit *s, uint32_t n, const uint32_t *order, const uint8_t *barred, Pool *pool,
                     CosineLeaders *out) {
  uint32_t at = 0;
  while (at < n) {
    for (s->m = 0; at < n && s->m < BLOCK; at++) {
      const uint32_t place = order != NULL ? order[at] : at;
      s->visitor[s->m] = (Visitor){ place, COSINE_NONE, s->threshold, 0 };
      pack_one(s->v, slot_at(s->slot, place), s->q + (size_t)s->m++ * s->v->dim);
    }
    int r = pool_for(pool, s->m, ROWS, hold_some, s);
    if (r == 0) r = settle_block(s, barred, out);
    if (r != 0) return r;
  }
  return 0;
}

static int find_leaders(Visit *s, uint32_t n, const uint32_t *order, const uint8_t *barred, Pool *pool,
                        CosineLeaders *out) {
  const size_t d = s->v->dim;
  const double begun = now_s();
  out->n = n;
  out->twin = malloc((n + (size_t)1) * sizeof *out->twin);
  out->cosine = malloc((n + (size_t)1) * sizeof *out->cosine);
  s->like = malloc((n + (size_t)1) * sizeof *s->like);
  s->kept_of = malloc((n + (size_t)1) * sizeof *s->kept_of);
  s->place = malloc((n + (size_t)1) * sizeof *s->place);
  s->q = malloc((BLOCK * d + 1) * sizeof *s->q);
  s->within = malloc((size_t)BLOCK * BLOCK * sizeof *s->within);
  s->room = calloc((size_t)s->threads, sizeof *s->room);
  if (!out->twin || !out->cosine || !s->like || !s->kept_of || !s->place || !s->q || !s->within || !s->room) return -1;
  int r = cosine_copies(s->v, s->slot, n, pool, s->like);
  for (uint32_t i = 0; r == 0 && i < n; i++) {
    s->kept_of[i] = COSINE_NONE;
    out->figures.distinct += s->like[i] == i;
  }
  out->figures.prepare_s = now_s() - begun;
  if (r == 0) r = visit_all(s, n, order, barred, pool, out);
  out->figures.search_s = now_s() - begun - out->figures.prepare_s;
  out->figures.products = out->figures.pairs;
  out->figures.by_head = out->figures.pairs - out->figures.proposed;
  out->figures.head = s->v->dim;
  return r;
}

int cosine_leaders(const Vectors *v, const uint32_t *slot, uint32_t n, const uint32_t *order, const uint8_t *barred,
                   const CosineParams *p, Pool *pool, CosineLeaders *out, Error *err) {
  *out = (CosineLeaders){ 0 };
  Visit s = { .v = v, .slot = slot, .threads = pool != NULL ? pool_threads(pool) : 1, .threshold = p->threshold,
              .slack = pack_slack(v->dim) };
  int r = find_leaders(&s, n, order, barred, pool, out);
  for (int t = 0; s.room != NULL && t < s.threads; t++) free(s.room[t]);
  free(s.room);
  free(s.like);
  free(s.kept_of);
  free(s.place);
  free(s.q);
  free(s.within);
  spill_free(s.x);
  if (r == 0) return 0;
  cosine_leaders_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

void cosine_leaders_free(CosineLeaders *l) {
  free(l->twin);
  free(l->cosine);
  *l = (CosineLeaders){ 0 };
}
