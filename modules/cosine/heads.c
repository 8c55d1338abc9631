/* modules/cosine/heads.c - see heads.h */
#include "cosine/heads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/spill.h"
#include "cosine/basis.h"
#include "cosine/bytes.h"
#include "cosine/pack.h"
#include "cosine/sweep.h"
#include "vectors/dense.h"

enum {
  FEWEST = 512,          /* vectors for which a basis is worth its while */
  SAMPLE = 4096, SAMPLE_FLOATS = 1 << 24,
  TRIAL = 1024,          /* rows of the sample whose pairs tell how much a head rules out */
  BLOCK = 256
};

static const uint32_t WIDTHS[] = { 16, 24, 32, 48, 64, 96, 128, 192, 256 };   /* that are tried */

static const double UNIT = 1.0 / (1 << 24);

double heads_error(const Heads *h) { return 1.02 * (h->width + 6) * UNIT; }

double heads_bound(const Heads *h, double cosine) {
  const double t = cosine - h->delta;
  return (t > 0 ? t / (1 + 2 * h->delta) : t) - 4 * UNIT;
}

static double delta_of(uint32_t dim, uint32_t width) {
  const double eta = sqrt(width) * (dim + 4) * UNIT * 1.02;
  return 2 * eta + eta * eta + 2.1 * UNIT * width;
}

/* ---- how long a head ---- */

/* A head from the first width - 1 of a vector's numbers along the basis. */
static void finish_head(const float *along, uint32_t width, double delta, float *head) {
  double square = 0, left;
  for (uint32_t i = 0; i + 1 < width; i++) square += (double)along[i] * along[i];
  left = fmax(0, 1 - square) + delta;
  const double scale = 1 / sqrt(square + left);
  for (uint32_t i = 0; i + 1 < width; i++) head[i] = (float)(along[i] * scale);
  head[width - 1] = (float)(sqrt(left) * scale);
}

/* How many of the pairs of x[n][width] have a product at the bound: of all pairs, the share. */
static double share_at(const float *x, uint32_t n, uint32_t width, double bound, float *room) {
  uint64_t reach = 0;
  for (uint32_t at = 0; at < n; at += BLOCK) {
    const uint32_t m = n - at < BLOCK ? n - at : BLOCK;
    dense_nt(m, n, width, x + (size_t)at * width, width, x, width, room, n);
    for (uint32_t i = 0; i < m; i++)
      for (uint32_t j = at + i + 1; j < n; j++) reach += room[(size_t)i * n + j] >= bound;
  }
  return (double)reach / ((double)n * (n - 1) / 2);
}

/* Nanoseconds a pair, about: a product, and a look at those that it leaves. */
static double cost(uint32_t dim, uint32_t width, double share) {
  return width * sweep_number_ns(simd_best()) + share * (100 + dim);
}

/* What bytes (bytes.h) will take off the bound of such heads. */
static double coarse(const float *x, size_t n, uint32_t width) {
  float most = 0;
  if (!bytes_pay(simd_best())) return 0;
  for (size_t i = 0; i < n * width; i++) most = fmaxf(most, fabsf(x[i]));
  return 2.5 * most / 127 * sqrt(width / 12.0);
}

/* The length of head that is cheapest on pairs of the sample; dim: none is better than whole vectors. */
static uint32_t choose(const float *sample, uint32_t n, const Basis *b, double threshold, float *room) {
  const uint32_t dim = b->dim;
  float *along = malloc((size_t)n * b->n * sizeof *along), *head = malloc((size_t)n * (b->n + 1) * sizeof *head);
  uint32_t best = 0;
  if (along != NULL && head != NULL) {
    Heads h = { .width = dim, .delta = pack_slack(dim) };
    double bound = heads_bound(&h, threshold) - coarse(sample, n, dim);
    double least = cost(dim, dim, share_at(sample, n, dim, bound, room));
    best = dim;
    dense_nt(n, b->n, dim, sample, dim, b->x, dim, along, b->n);
    for (size_t k = 0; k < sizeof WIDTHS / sizeof WIDTHS[0] && WIDTHS[k] <= b->n + 1; k++) {
      const uint32_t width = WIDTHS[k];
      h = (Heads){ .width = width, .delta = delta_of(dim, width) };
      for (uint32_t i = 0; i < n; i++)
        finish_head(along + (size_t)i * b->n, width, h.delta, head + (size_t)i * width);
      bound = heads_bound(&h, threshold) - coarse(head, n, width);
      const double c = cost(dim, width, share_at(head, n, width, bound, room));
      if (c >= least) continue;
      least = c;
      best = width;
    }
  }
  free(along);
  free(head);
  return best;
}

/* ---- heads of all ---- */

typedef struct Making {
  Heads *h;
  const Vectors *v;
  const uint32_t *slot;
  const Basis *basis;
  float **room;            /* [threads] whole vectors of a block, and their numbers along the basis */
} Making;

static int make_some(void *ctx, size_t begin, size_t end, int worker) {
  Making *k = ctx;
  const uint32_t dim = k->v->dim, width = k->h->width;
  if (k->room[worker] == NULL) k->room[worker] = malloc((size_t)BLOCK * (dim + width) * sizeof(float));
  if (k->room[worker] == NULL) return -1;
  float *x = k->room[worker], *along = x + (size_t)BLOCK * dim;
  for (size_t i = begin; i < end; i++) pack_one(k->v, k->slot[i], x + (i - begin) * dim);
  dense_nt(end - begin, width - 1, dim, x, dim, k->basis->x, dim, along, width - 1);
  for (size_t i = begin; i < end; i++)
    finish_head(along + (i - begin) * (width - 1), width, k->h->delta, k->h->x + i * width);
  return 0;
}

static int make_short(Heads *h, const Vectors *v, const uint32_t *slot, const Basis *b, Pool *pool) {
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  Making k = { h, v, slot, b, calloc((size_t)threads, sizeof(float *)) };
  h->delta = delta_of(v->dim, h->width);
  h->x = spill_alloc((size_t)h->n * h->width * sizeof *h->x + 1);
  int r = k.room == NULL || h->x == NULL ? -1 : pool_for(pool, h->n, BLOCK, make_some, &k);
  for (int t = 0; k.room != NULL && t < threads; t++) free(k.room[t]);
  free(k.room);
  return r;
}

static int make_whole(Heads *h, const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool) {
  Pack p;
  int r = pack_whole(&p, v, slot, n, pool);
  if (r != 0) return r;
  *h = (Heads){ .n = n, .width = v->dim, .x = p.x, .whole = 1, .delta = pack_slack(v->dim) };
  return 0;
}

/* A basis from a sample, and the length that pays; 0: stay whole. */
static int find_basis(Basis *b, const Vectors *v, const uint32_t *slot, uint32_t n, double threshold, Pool *pool,
                      uint32_t *width) {
  uint32_t most = SAMPLE_FLOATS / v->dim, m = n < SAMPLE ? n : SAMPLE;
  if (m > most) m = most;
  float *sample = malloc((size_t)m * v->dim * sizeof *sample);
  uint32_t trial = m < TRIAL ? m : TRIAL;
  float *room = malloc((size_t)BLOCK * trial * sizeof *room);
  int r = sample == NULL || room == NULL ? -1 : 0;
  if (r == 0) {
    basis_sample(v, slot, n, m, sample);
    r = basis_find(b, sample, m, v->dim, pool);
  }
  if (r == 0) {
    /* rows side by side may be of one source: the trial's are spread over the sample */
    for (size_t i = 0; i < trial; i++)
      memmove(sample + i * v->dim, sample + i * m / trial * v->dim, v->dim * sizeof *sample);
    *width = choose(sample, trial, b, threshold, room);
    if (*width == 0) r = -1;
  }
  free(sample);
  free(room);
  return r;
}

int heads_make(Heads *h, const Vectors *v, const uint32_t *slot, uint32_t n, double threshold, int plain, Pool *pool) {
  *h = (Heads){ 0 };
  Basis b = { 0 };
  uint32_t width = v->dim;
  int r = 0;
  if (!plain && n >= FEWEST && basis_size(v->dim) > 0) r = find_basis(&b, v, slot, n, threshold, pool, &width);
  if (r == 0 && width == v->dim) r = make_whole(h, v, slot, n, pool);
  else if (r == 0) {
    h->n = n;
    h->width = width;
    r = make_short(h, v, slot, &b, pool);
  }
  basis_free(&b);
  if (r != 0) heads_free(h);
  return r;
}

void heads_free(Heads *h) {
  spill_free(h->x);
  *h = (Heads){ 0 };
}
