/* modules/topics/seeds.c - see seeds.h */
#include "topics/seeds.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "vectors/dot.h"

/* ---- a random sample ---- */

typedef struct Keyed { uint64_t key; uint32_t place; } Keyed;

static int by_key(const void *x, const void *y) {
  const Keyed *a = x, *b = y;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return (a->place > b->place) - (a->place < b->place);
}

int seeds_sample(const uint32_t *slot, uint32_t n, const uint64_t *key, uint32_t m, uint32_t *out) {
  Keyed *all = malloc((size_t)n * sizeof *all + 1);
  if (all == NULL) return -1;
  for (uint32_t i = 0; i < n; i++) all[i] = (Keyed){ key[i], i };
  qsort(all, n, sizeof *all, by_key);
  for (uint32_t i = 0; i < m; i++) out[i] = slot != NULL ? slot[all[i].place] : all[i].place;
  free(all);
  return 0;
}

/* ---- k-means++ ---- */

enum { BLOCK = 256 };   /* points of a sum */

typedef struct Draw {
  const Vectors *v;
  const uint32_t *slot;
  uint32_t m, dim, trials;
  uint64_t seed;
  float *x;              /* [m][dim] */
  double *far;           /* [m] 1 - cosine with the nearest drawn one */
  double *sum;           /* [blocks] of far */
  double *new_far;       /* [trials][m] what far would be with the one that a trial drew */
  double *new_sum;       /* [trials][blocks] */
  uint32_t *drawn;       /* [trials] places */
  size_t blocks;
} Draw;

static int fill(void *ctx, size_t begin, size_t end, int worker) {
  Draw *d = ctx;
  (void)worker;
  vectors_block(d->v, d->slot + begin, 0, (uint32_t)(end - begin), d->x + begin * d->dim);
  for (size_t i = begin; i < end; i++) d->far[i] = 2;
  return 0;
}

static int try_block(void *ctx, size_t begin, size_t end, int worker) {
  Draw *d = ctx;
  (void)worker;
  SimdPath path = simd_best();
  for (uint32_t t = 0; t < d->trials; t++) {
    const float *to = d->x + (size_t)d->drawn[t] * d->dim;
    double inverse = d->v->inverse[d->slot[d->drawn[t]]], sum = 0, *out = d->new_far + (size_t)t * d->m;
    for (size_t i = begin; i < end; i++) {
      double cosine = dot_fixed(path, d->x + i * d->dim, to, d->dim) * d->v->inverse[d->slot[i]] * inverse;
      double far = cosine < 1 - 1e-7 ? 1 - cosine : 0;   /* a vector in float and itself differ by that much */
      sum += out[i] = far < d->far[i] ? far : d->far[i];
    }
    d->new_sum[t * d->blocks + begin / BLOCK] = sum;
  }
  return 0;
}

static double total(const Draw *d, const double *sum) {
  double all = 0;
  for (size_t i = 0; i < d->blocks; i++) all += sum[i];
  return all;
}

/* The place where the running sum of far passes a share of the whole, which is more than nothing. */
static uint32_t place_of(const Draw *d, double left) {
  size_t b = 0;
  while (b + 1 < d->blocks && (left >= d->sum[b] || !(d->sum[b] > 0))) left -= d->sum[b++];
  uint32_t at = (uint32_t)(b * BLOCK), end = at + BLOCK < d->m ? at + BLOCK : d->m, last = at;
  for (; at < end; at++) {
    if (d->far[at] <= 0) continue;
    last = at;
    if (left < d->far[at]) return at;
    left -= d->far[at];
  }
  return last;   /* rounding: the last that counts */
}

static double share_of(const Draw *d, uint32_t i, uint32_t trial) {
  uint64_t at[2] = { i, trial };
  return (double)(XXH3_64bits_withSeed(at, sizeof at, d->seed) >> 11) * 0x1p-53;
}

/* Draws the i-th: of the trials the one that leaves least far; at first the first point. 0; 1 where all points are
** drawn; POOL_INTERRUPTED. */
static int draw(Draw *d, uint32_t i, Pool *pool, uint32_t *at) {
  double all = i == 0 ? 0 : total(d, d->sum), least = 0;
  uint32_t best = 0;
  if (i > 0 && !(all > 0)) return 1;
  uint32_t trials = d->trials;
  if (i == 0) d->trials = 1, d->drawn[0] = 0;
  for (uint32_t t = 0; t < trials && i > 0; t++) d->drawn[t] = place_of(d, share_of(d, i, t) * all);
  int code = pool_for(pool, d->m, BLOCK, try_block, d);
  for (uint32_t t = 0; t < d->trials && code == 0; t++) {
    double left = total(d, d->new_sum + t * d->blocks);
    if (t == 0 || left < least) least = left, best = t;
  }
  d->trials = trials;
  memcpy(d->far, d->new_far + (size_t)best * d->m, d->m * sizeof *d->far);
  memcpy(d->sum, d->new_sum + best * d->blocks, d->blocks * sizeof *d->sum);
  *at = d->drawn[best];
  return code;
}

static void put(Centroids *c, uint32_t i, const float *x, double *room) {
  for (uint32_t d = 0; d < c->dim; d++) room[d] = (double)x[d];
  centroids_put(c, i, room);
}

static int draw_all(Draw *d, Centroids *c, Pool *pool, double *room) {
  int code = pool_for(pool, d->m, BLOCK, fill, d);
  uint32_t i = 0, at = 0;
  for (; i < c->k && code == 0 && (code = draw(d, i, pool, &at)) == 0; i++)
    put(c, i, d->x + (size_t)at * c->dim, room);
  if (code == 1)
    for (code = 0; i < c->k; i++) put(c, i, d->x, room);
  return code;
}

int seeds_plus(Centroids *c, const Vectors *v, const uint32_t *slot, uint32_t m, uint32_t trials, uint64_t seed,
               Pool *pool, uint64_t *products) {
  size_t blocks = (m + BLOCK - 1) / BLOCK;
  Draw d = { .v = v, .slot = slot, .m = m, .dim = c->dim, .trials = trials, .seed = seed, .blocks = blocks,
             .x = malloc((size_t)m * c->dim * sizeof *d.x), .far = malloc(m * sizeof *d.far),
             .sum = malloc(blocks * sizeof *d.sum), .new_far = malloc((size_t)trials * m * sizeof *d.new_far),
             .new_sum = malloc(trials * blocks * sizeof *d.new_sum), .drawn = malloc(trials * sizeof *d.drawn) };
  double *room = malloc(c->dim * sizeof *room);
  int ready = d.x && d.far && d.sum && d.new_far && d.new_sum && d.drawn && room;
  int code = ready ? draw_all(&d, c, pool, room) : -1;
  *products += (uint64_t)m * c->k * trials;
  free(d.x);
  free(d.far);
  free(d.sum);
  free(d.new_far);
  free(d.new_sum);
  free(d.drawn);
  free(room);
  return code;
}
