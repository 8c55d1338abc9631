/* modules/cosine/cells.c - see cells.h */
#include "cosine/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/spill.h"
#include "vectors/dense.h"

enum {
  FEWEST = 4096,         /* rows for which cells are worth their while */
  MOST_CELLS = 4096, SAMPLE_EACH = 24, ROUNDS = 4,
  BLOCK = 256, TILE = 512
};

static uint32_t cells_for(uint32_t n) {
  if (n < FEWEST) return 1;
  const double k = 2 * sqrt(n);
  return k < MOST_CELLS ? (uint32_t)k : MOST_CELLS;
}

/* ---- which centre is nearest ---- */

typedef struct Nearing {
  const float *x, *centre;   /* [n][width], [k][width] */
  uint32_t width, k;
  uint32_t *cell;            /* [n] */
  float *along;              /* [n] */
  float **room;              /* [threads] */
} Nearing;

static int near_some(void *ctx, size_t begin, size_t end, int worker) {
  const Nearing *s = ctx;
  if (s->room[worker] == NULL) s->room[worker] = malloc((size_t)BLOCK * TILE * sizeof(float));
  if (s->room[worker] == NULL) return -1;
  for (size_t i = begin; i < end; i++) s->along[i] = -2;
  for (uint32_t at = 0; at < s->k; at += TILE) {
    const uint32_t n = s->k - at < TILE ? s->k - at : TILE;
    dense_nt(end - begin, n, s->width, s->x + begin * s->width, s->width, s->centre + (size_t)at * s->width, s->width,
             s->room[worker], TILE);
    for (size_t i = begin; i < end; i++) {
      const float *p = s->room[worker] + (i - begin) * TILE;
      float best = s->along[i];
      uint32_t which = UINT32_MAX;
      for (uint32_t j = 0; j < n; j++)
        if (p[j] > best) {
          best = p[j];
          which = j;
        }
      if (which == UINT32_MAX) continue;
      s->along[i] = best;
      s->cell[i] = at + which;
    }
  }
  return 0;
}

static int nearest_centres(Nearing *s, uint32_t n, Pool *pool) {
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  s->room = calloc((size_t)threads, sizeof *s->room);
  int r = s->room == NULL ? -1 : pool_for(pool, n, BLOCK, near_some, s);
  for (int t = 0; s->room != NULL && t < threads; t++) free(s->room[t]);
  free(s->room);
  s->room = NULL;
  return r;
}

/* ---- centres ---- */

static uint64_t mix(uint64_t z) {
  z += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

/* One of each m-th part of n. */
static uint32_t drawn(uint32_t i, uint32_t m, uint32_t n, uint64_t seed) {
  const uint64_t from = (uint64_t)i * n / m, to = (uint64_t)(i + 1) * n / m;
  return (uint32_t)(from + mix(seed + i) % (to - from));
}

static void unit(const double *sum, uint32_t width, float *out) {
  double square = 0;
  for (uint32_t i = 0; i < width; i++) square += sum[i] * sum[i];
  if (square == 0) return;
  for (uint32_t i = 0; i < width; i++) out[i] = (float)(sum[i] / sqrt(square));
}

/* The mean of each centre's rows; one without rows stays. */
static int move_centres(float *centre, uint32_t k, const Nearing *s, uint32_t n) {
  const uint32_t width = s->width;
  double *sum = calloc((size_t)k * width, sizeof *sum);
  if (sum == NULL) return -1;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < width; j++) sum[(size_t)s->cell[i] * width + j] += s->x[(size_t)i * width + j];
  for (uint32_t c = 0; c < k; c++) unit(sum + (size_t)c * width, width, centre + (size_t)c * width);
  free(sum);
  return 0;
}

static int find_centres(const Heads *h, uint32_t k, Pool *pool, float *centre) {
  const uint32_t width = h->width;
  const uint32_t m = h->n / SAMPLE_EACH < k ? h->n : k * SAMPLE_EACH;
  float *x = malloc((size_t)m * width * sizeof *x), *along = malloc(m * sizeof *along);
  uint32_t *cell = malloc(m * sizeof *cell);
  int r = x == NULL || along == NULL || cell == NULL ? -1 : 0;
  for (uint32_t i = 0; r == 0 && i < m; i++)
    memcpy(x + (size_t)i * width, h->x + (size_t)drawn(i, m, h->n, 1) * width, width * sizeof *x);
  for (uint32_t c = 0; r == 0 && c < k; c++)
    memcpy(centre + (size_t)c * width, x + (size_t)drawn(c, k, m, 2) * width, width * sizeof *x);
  Nearing s = { x, centre, width, k, cell, along, NULL };
  for (int round = 0; r == 0 && round < ROUNDS; round++) {
    r = nearest_centres(&s, m, pool);
    if (r == 0) r = move_centres(centre, k, &s, m);
  }
  free(x);
  free(along);
  free(cell);
  return r;
}

/* ---- the layout ---- */

typedef struct Placed { float along; uint32_t row; } Placed;

static int by_along(const void *a, const void *b) {
  const Placed *x = a, *y = b;
  if (x->along != y->along) return x->along > y->along ? -1 : 1;
  return x->row < y->row ? -1 : x->row > y->row;
}

typedef struct Sorting { const Cells *c; Placed *placed; } Sorting;

static int sort_some(void *ctx, size_t begin, size_t end, int worker) {
  const Sorting *s = ctx;
  (void)worker;
  for (size_t k = begin; k < end; k++)
    qsort(s->placed + s->c->start[k], s->c->start[k + 1] - s->c->start[k], sizeof *s->placed, by_along);
  return 0;
}

/* Rows by cell and angle: c->start, row and along. */
static int order_rows(Cells *c, const uint32_t *cell, const float *along, Pool *pool) {
  Sorting s = { c, malloc((c->n + (size_t)1) * sizeof *s.placed) };
  uint32_t *at = calloc(c->k + (size_t)2, sizeof *at);
  int r = s.placed == NULL || at == NULL ? -1 : 0;
  for (uint32_t i = 0; r == 0 && i < c->n; i++) at[cell[i] + 1]++;
  for (uint32_t k = 0; r == 0 && k < c->k; k++) {
    at[k + 1] += at[k];
    c->start[k + 1] = at[k + 1];
  }
  for (uint32_t i = 0; r == 0 && i < c->n; i++) s.placed[at[cell[i]]++] = (Placed){ along[i], i };
  if (r == 0) r = pool_for(pool, c->k, 1, sort_some, &s);
  for (uint32_t i = 0; r == 0 && i < c->n; i++) {
    c->row[i] = s.placed[i].row;
    c->along[i] = s.placed[i].along;
  }
  free(s.placed);
  free(at);
  return r;
}

static void lay_panel(const float *x, const uint32_t *row, uint32_t n, uint32_t width, float *panel) {
  memset(panel, 0, (size_t)width * PANEL_LANES * sizeof *panel);
  for (uint32_t l = 0; l < n; l++) {
    const float *from = x + (size_t)(row != NULL ? row[l] : l) * width;
    for (uint32_t k = 0; k < width; k++) panel[(size_t)k * PANEL_LANES + l] = from[k];
  }
}

typedef struct Laying { const Cells *c; const float *x; } Laying;

static int lay_some(void *ctx, size_t begin, size_t end, int worker) {
  const Laying *s = ctx;
  const Cells *c = s->c;
  (void)worker;
  for (size_t p = begin; p < end; p++) {
    const size_t at = p * PANEL_LANES, left = c->n - at;
    lay_panel(s->x, c->row + at, left < PANEL_LANES ? (uint32_t)left : PANEL_LANES, c->width,
              c->panel + at * c->width);
  }
  return 0;
}

static int make_rooms(Cells *c, const Heads *h, uint32_t k) {
  *c = (Cells){ .n = h->n, .width = h->width, .k = k, .error = heads_error(h) };
  const size_t n = c->n;
  c->start = calloc(k + (size_t)1, sizeof *c->start);
  c->row = malloc((n + 1) * sizeof *c->row);
  c->along = malloc((n + 1) * sizeof *c->along);
  c->panel = spill_alloc(panels_of(n) * PANEL_LANES * c->width * sizeof *c->panel + 1);
  c->centre = calloc(panels_of(k) * PANEL_LANES * c->width, sizeof *c->centre);
  return c->start && c->row && c->along && c->panel && c->centre ? 0 : -1;
}

static int fill(Cells *c, const Heads *h, Pool *pool) {
  const uint32_t n = c->n, width = c->width;
  float *centre = malloc((size_t)c->k * width * sizeof *centre), *along = malloc((n + (size_t)1) * sizeof *along);
  uint32_t *cell = calloc(n + (size_t)1, sizeof *cell);
  int r = centre == NULL || along == NULL || cell == NULL ? -1 : 0;
  if (r == 0 && c->k > 1) r = find_centres(h, c->k, pool, centre);
  if (r == 0 && c->k > 1) {
    Nearing s = { h->x, centre, width, c->k, cell, along, NULL };
    r = nearest_centres(&s, n, pool);
    for (uint32_t k = 0; r == 0 && k < c->k; k += PANEL_LANES)
      lay_panel(centre + (size_t)k * width, NULL, c->k - k < PANEL_LANES ? c->k - k : PANEL_LANES, width,
                c->centre + (size_t)k * width);
  }
  for (uint32_t i = 0; r == 0 && c->k == 1 && i < n; i++) along[i] = 1;
  if (r == 0) r = order_rows(c, cell, along, pool);
  free(centre);
  free(along);
  free(cell);
  return r;
}

int cells_make(Cells *c, Heads *h, uint32_t k, Pool *pool) {
  int r = make_rooms(c, h, k > 0 ? k : cells_for(h->n));
  if (r == 0) r = fill(c, h, pool);
  Laying s = { c, h->x };
  if (r == 0) r = pool_for(pool, panels_of(c->n), 64, lay_some, &s);
  heads_free(h);
  if (r != 0) cells_free(c);
  return r;
}

void cells_free(Cells *c) {
  free(c->start);
  free(c->row);
  free(c->along);
  spill_free(c->panel);
  free(c->centre);
  *c = (Cells){ 0 };
}

void cells_few(const Cells *c, const uint32_t *position, uint32_t n, float *out) {
  for (uint32_t r = 0; r < PANEL_FEW; r++) {
    if (r >= n) {
      for (uint32_t k = 0; k < c->width; k++) out[(size_t)k * PANEL_FEW + r] = 0;
      continue;
    }
    const size_t lane = position[r] % PANEL_LANES;
    const float *from = c->panel + (position[r] - lane) * c->width + lane;
    for (uint32_t k = 0; k < c->width; k++) out[(size_t)k * PANEL_FEW + r] = from[(size_t)k * PANEL_LANES];
  }
}

void cells_ring(double along, double bound, double error, double *low, double *high) {
  const double sine = sqrt(fmax(0, 1 - bound * bound)), near = fmin(1, along + error), far = fmax(-1, along - error);
  *low = far <= -bound ? -1 : far * bound - sqrt(1 - far * far) * sine - error;
  *high = near >= bound ? 1 : near * bound + sqrt(1 - near * near) * sine + error;
}
