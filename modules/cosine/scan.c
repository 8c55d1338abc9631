/* modules/cosine/scan.c - see scan.h */
#include "cosine/scan.h"

#include <stdlib.h>

#include "vectors/dense.h"

enum { ROWS = 256, COLUMNS = 512 };   /* of a block: its products stay in the cache */

typedef struct Room { float *a, *b, *product; } Room;

typedef struct Scan {
  const Vectors *v;
  const ScanSide *a, *b;
  int triangle;
  double threshold;
  float lowest;
  const ScanSink *sink;
  Room *room;           /* [threads] */
} Scan;

/* Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1: a product of k terms in any order is
** off by k u / (1 - k u) of the product of the lengths at most. */
double cosine_lowest_product(const Vectors *v, double threshold) {
  const double u = 0x1p-24, k = (double)v->dim + 2;
  double most = 0;
  for (uint32_t i = 0; i < v->n; i++)
    if (v->inverse[i] > most) most = v->inverse[i];
  const double length2 = most * most;   /* of 1 / the least length, squared */
  return threshold / length2 - 1.05 * k * u / (1 - k * u) - 1e-6;
}

static int make_room(Room *r, uint32_t dim) {
  if (r->product != NULL) return 0;
  r->a = malloc((size_t)ROWS * dim * sizeof *r->a);
  r->b = malloc((size_t)COLUMNS * dim * sizeof *r->b);
  r->product = malloc((size_t)ROWS * COLUMNS * sizeof *r->product);
  return r->a == NULL || r->b == NULL || r->product == NULL ? -1 : 0;
}

static int look_at(const Scan *s, int worker, uint32_t i, uint32_t k) {
  const ScanSink *sink = s->sink;
  if (sink->want != NULL && !sink->want(sink->ctx, i, k)) return 0;
  const double cosine = vectors_cosine(s->v, s->a->slot[i], s->b->slot[k]);
  return cosine >= s->threshold ? sink->take(sink->ctx, worker, i, k, cosine) : 0;
}

static int scan_block(const Scan *s, Room *r, int worker, uint32_t row, uint32_t rows, uint32_t column, uint32_t columns) {
  const uint32_t dim = s->v->dim;
  vectors_block(s->v, s->b->slot + column, 0, columns, r->b);
  dense_nt(rows, columns, dim, r->a, dim, r->b, dim, r->product, COLUMNS);
  for (uint32_t i = 0; i < rows; i++) {
    const float *product = r->product + (size_t)i * COLUMNS;
    const uint32_t from = s->triangle && row + i >= column ? row + i + 1 - column : 0;
    for (uint32_t k = from; k < columns; k++) {
      if (product[k] < s->lowest) continue;
      int result = look_at(s, worker, row + i, column + k);
      if (result != 0) return result;
    }
  }
  return 0;
}

static int scan_rows(void *ctx, size_t begin, size_t end, int worker) {
  const Scan *s = ctx;
  Room *r = &s->room[worker];
  if (make_room(r, s->v->dim) != 0) return -1;
  for (size_t block = begin; block < end; block++) {
    const uint32_t row = (uint32_t)block * ROWS, rows = s->a->n - row < ROWS ? s->a->n - row : ROWS;
    vectors_block(s->v, s->a->slot + row, 0, rows, r->a);
    for (uint32_t column = s->triangle ? row / COLUMNS * COLUMNS : 0; column < s->b->n;) {
      const uint32_t columns = s->b->n - column < COLUMNS ? s->b->n - column : COLUMNS;
      if (interrupt_pending()) return POOL_INTERRUPTED;
      int result = scan_block(s, r, worker, row, rows, column, columns);
      if (result != 0) return result;
      column += columns;
    }
  }
  return 0;
}

int cosine_scan(const Vectors *v, const ScanSide *a, const ScanSide *b, double threshold, const ScanSink *sink,
                Pool *pool) {
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  Scan s = { .v = v, .a = a, .b = b != NULL ? b : a, .triangle = b == NULL, .threshold = threshold,
             .lowest = (float)cosine_lowest_product(v, threshold), .sink = sink };
  if (a->n == 0 || s.b->n == 0) return 0;
  s.room = calloc((size_t)threads, sizeof *s.room);
  if (s.room == NULL) return -1;
  int r = pool_for(pool, (a->n + ROWS - 1) / ROWS, 1, scan_rows, &s);
  for (int t = 0; t < threads; t++) {
    free(s.room[t].a);
    free(s.room[t].b);
    free(s.room[t].product);
  }
  free(s.room);
  return r;
}
