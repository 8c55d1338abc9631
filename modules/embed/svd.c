/* modules/embed/svd.c - see svd.h
**
** Tall matrices are row by row, [rows][l], for the sparse products, and turned column by column for LAPACK: its LQ of
** the transpose, which would need no turning, takes four times as long as QR. */
#include "embed/svd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/simd.h"
#include "core/spill.h"
#include "vectors/dense.h"

#ifdef HAVE_LAPACK
#include <lapacke.h>
#endif

enum { GRAIN = 32 };

static uint64_t splitmix(uint64_t x) {   /* Steele, Lea, Flood 2014 */
  x += UINT64_C(0x9E3779B97F4A7C15);
  x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
  return x ^ x >> 31;
}

void svd_gaussian(uint64_t seed, size_t n, float *out) {
  const double turn = 6.283185307179586;
  seed = splitmix(seed);
  for (size_t i = 0; i < n; i += 2) {
    double u = ((double)(splitmix(seed + i) >> 12) + 0.5) * 0x1p-52;
    double angle = turn * ((double)(splitmix(seed + i + 1) >> 12) * 0x1p-52), r = sqrt(-2 * log(u));
    out[i] = (float)(r * cos(angle));
    if (i + 1 < n) out[i + 1] = (float)(r * sin(angle));
  }
}

#ifndef HAVE_LAPACK

int svd_available(void) { return 0; }

int svd_sparse(const SvdMatrix *a, size_t k, int iterations, uint64_t seed, Pool *pool, float *v, double *sigma,
               Error *err) {
  (void)a, (void)k, (void)iterations, (void)seed, (void)pool, (void)v, (void)sigma;
  return error_set(err, "a singular value decomposition needs LAPACK, which was not there when this program was built");
}

#else

int svd_available(void) { return 1; }

/* ---- sparse times dense ---- */

typedef struct Product {
  const SvdMatrix *a;
  const float *x;      /* [a->m][l] */
  float *y;            /* [a->n][l] */
  size_t l;
} Product;

/* y += w * x, each element a product and a sum. */
static void add_row(float *restrict y, const float *restrict x, float w, size_t l) {
  for (size_t j = 0; j < l; j++) y[j] += w * x[j];
}

#ifdef SIMD_X86
#include <immintrin.h>
/* The same bits: no product is fused with its sum. */
__attribute__((target("avx2"))) static void add_row_avx2(float *restrict y, const float *restrict x, float w,
                                                         size_t l) {
  __m256 ww = _mm256_set1_ps(w);
  size_t j = 0;
  for (; j + 8 <= l; j += 8)
    _mm256_storeu_ps(y + j, _mm256_add_ps(_mm256_loadu_ps(y + j), _mm256_mul_ps(ww, _mm256_loadu_ps(x + j))));
  for (; j < l; j++) y[j] += w * x[j];
}
#endif

static int multiply_rows(void *ctx, size_t begin, size_t end, int worker) {
  (void)worker;
  const Product *p = ctx;
  void (*add)(float *restrict, const float *restrict, float, size_t) = add_row;
#ifdef SIMD_X86
  if (simd_avx2(simd_best())) add = add_row_avx2;
#endif
  for (size_t i = begin; i < end; i++) {
    float *y = p->y + i * p->l;
    memset(y, 0, p->l * sizeof *y);
    for (size_t e = p->a->start[i]; e < p->a->start[i + 1]; e++)
      add(y, p->x + (size_t)p->a->column[e] * p->l, p->a->value[e], p->l);
  }
  return 0;
}

/* y[a->n][l] = a times x[a->m][l]. */
static int multiply(const SvdMatrix *a, const float *x, float *y, size_t l, Pool *pool) {
  Product p = { a, x, y, l };
  return pool_for(pool, a->n, GRAIN, multiply_rows, &p);
}

/* The transpose, its rows' columns ascending as well. */
static int transpose(const SvdMatrix *a, SvdMatrix *t) {
  size_t values = a->start[a->n];
  *t = (SvdMatrix){ .n = a->m, .m = a->n };
  t->start = calloc(a->m + 2, sizeof *t->start);
  t->column = spill_alloc((values + 1) * sizeof *t->column);
  t->value = spill_alloc((values + 1) * sizeof *t->value);
  if (t->start == NULL || t->column == NULL || t->value == NULL) return -1;
  for (size_t e = 0; e < values; e++) t->start[a->column[e] + 2]++;
  for (size_t j = 0; j < a->m; j++) t->start[j + 2] += t->start[j + 1];
  for (size_t i = 0; i < a->n; i++)
    for (size_t e = a->start[i]; e < a->start[i + 1]; e++) {
      size_t at = t->start[a->column[e] + 1]++;
      t->column[at] = (uint32_t)i;
      t->value[at] = a->value[e];
    }
  return 0;
}

/* ---- dense ---- */

/* to[n][m] = from[m][n], a tile at a time. */
static void turn(const float *from, size_t m, size_t n, float *to) {
  enum { TILE = 16 };
  for (size_t i = 0; i < m; i += TILE)
    for (size_t j = 0; j < n; j += TILE)
      for (size_t r = i; r < m && r < i + TILE; r++)
        for (size_t c = j; c < n && c < j + TILE; c++) to[c * m + r] = from[r * n + c];
}

/* Makes the columns of y[rows][l] orthonormal; l <= rows. Where upper is given, it gets the triangle upper[l][l],
** column by column: what was y is the result times it. room[rows * l]. */
static int orthonormalise(float *y, size_t rows, size_t l, float *upper, float *room) {
  float *tau = malloc((l + 1) * sizeof *tau);
  lapack_int m = (lapack_int)rows, n = (lapack_int)l;
  if (tau == NULL) return -1;
  turn(y, rows, l, room);
  int r = (int)LAPACKE_sgeqrf(LAPACK_COL_MAJOR, m, n, room, m, tau);
  if (r == 0 && upper != NULL)
    for (size_t j = 0; j < l; j++)
      for (size_t i = 0; i < l; i++) upper[j * l + i] = i <= j ? room[j * rows + i] : 0;
  if (r == 0) r = (int)LAPACKE_sorgqr(LAPACK_COL_MAJOR, m, n, n, room, m, tau);
  if (r == 0) turn(room, l, rows, y);
  free(tau);
  return r == 0 ? 0 : -1;
}

/* v[rows][k] of q[rows][l] and the triangle: the left singular vectors of their product. */
static int rotate(const float *q, size_t rows, size_t l, float *upper, size_t k, float *v, double *sigma) {
  size_t kept = k < l ? k : l;
  float *s = malloc((l + 1) * sizeof *s), *u = malloc(l * l * sizeof *u), *vt = malloc(l * l * sizeof *vt);
  lapack_int n = (lapack_int)l;
  int r = s == NULL || u == NULL || vt == NULL ? -1
        : (int)LAPACKE_sgesdd(LAPACK_COL_MAJOR, 'A', n, n, upper, n, s, u, n, vt, n);
  for (size_t j = 0; r == 0 && j < k; j++) {
    sigma[j] = j < kept && s[j] > 1e-4f * s[0] ? (double)s[j] : 0;
    if (j < kept && sigma[j] == 0) memset(u + j * l, 0, l * sizeof *u);
  }
  if (r == 0) {
    memset(v, 0, rows * k * sizeof *v);
    dense_nt(rows, kept, l, q, l, u, l, v, k);   /* column by column, u is its transpose row by row */
  }
  free(s);
  free(u);
  free(vt);
  return r == 0 ? 0 : -1;
}

/* ---- the whole ---- */

typedef struct Room {
  SvdMatrix t;
  float *y, *z;          /* [n][l], [m][l] */
  float *turned, *upper; /* [max(n, m) * l], [l][l] */
} Room;

static void room_free(Room *r) {
  free(r->t.start);
  spill_free(r->t.column);
  spill_free(r->t.value);
  spill_free(r->y);
  spill_free(r->z);
  spill_free(r->turned);
  free(r->upper);
}

static int decompose(const SvdMatrix *a, Room *room, size_t l, int iterations, uint64_t seed, Pool *pool) {
  svd_gaussian(seed, a->m * l, room->z);
  int r = multiply(a, room->z, room->y, l, pool);
  if (r == 0) r = orthonormalise(room->y, a->n, l, NULL, room->turned);
  for (int i = 0; r == 0 && i < iterations; i++) {
    r = multiply(&room->t, room->y, room->z, l, pool);
    if (r == 0) r = multiply(a, room->z, room->y, l, pool);
    if (r == 0) r = orthonormalise(room->y, a->n, l, NULL, room->turned);
    if (r == 0 && interrupt_pending()) r = POOL_INTERRUPTED;
  }
  if (r == 0) r = multiply(&room->t, room->y, room->z, l, pool);
  return r != 0 ? r : orthonormalise(room->z, a->m, l, room->upper, room->turned);
}

int svd_sparse(const SvdMatrix *a, size_t k, int iterations, uint64_t seed, Pool *pool, float *v, double *sigma,
               Error *err) {
  size_t l = k + SVD_MORE;
  if (l > a->n) l = a->n;
  if (l > a->m) l = a->m;
  if (l == 0) {
    memset(v, 0, a->m * k * sizeof *v);
    for (size_t j = 0; j < k; j++) sigma[j] = 0;
    return 0;
  }
  dense_prepare();
  Room room = { .y = spill_alloc(a->n * l * sizeof(float)), .z = spill_alloc(a->m * l * sizeof(float)),
                .turned = spill_alloc((a->n > a->m ? a->n : a->m) * l * sizeof(float)),
                .upper = malloc(l * l * sizeof(float)) };
  int r = !room.y || !room.z || !room.turned || !room.upper ? -1 : transpose(a, &room.t);
  if (r == 0) r = decompose(a, &room, l, iterations, seed, pool);
  if (r == 0) r = rotate(room.z, a->m, l, room.upper, k, v, sigma);
  room_free(&room);
  if (r == 0) return 0;
  if (r != POOL_INTERRUPTED) return error_memory(err);
  if (err != NULL) err->text[0] = '\0';
  return -1;
}

#endif
