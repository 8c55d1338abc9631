/* modules/cosine/basis.c - see basis.h */
#include "cosine/basis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cosine/pack.h"
#include "vectors/dense.h"

enum { ROUNDS = 2, SWEEPS = 12, BLOCK = 256 };

uint32_t basis_size(uint32_t dim) {
  if (dim < 48) return 0;
  return dim < 192 ? 31 : dim < 640 ? 127 : 255;
}

static uint64_t mix(uint64_t z) {
  z += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

void basis_sample(const Vectors *v, const uint32_t *slot, uint32_t n, uint32_t m, float *out) {
  for (uint32_t i = 0; i < m; i++) {
    const uint64_t from = (uint64_t)i * n / m, to = (uint64_t)(i + 1) * n / m;
    pack_one(v, slot[from + mix(i) % (to - from)], out + (size_t)i * v->dim);
  }
}

/* ---- products over blocks ---- */

typedef struct Product { const float *a, *b; float *c; size_t m, n, k; } Product;

static int product_some(void *ctx, size_t begin, size_t end, int worker) {
  const Product *p = ctx;
  (void)worker;
  dense_nt(end - begin, p->n, p->k, p->a + begin * p->k, p->k, p->b, p->k, p->c + begin * p->n, p->n);
  return 0;
}

/* c[m][n] = a[m][k] times the transpose of b[n][k] */
static int product(const float *a, const float *b, float *c, size_t m, size_t n, size_t k, Pool *pool) {
  Product p = { a, b, c, m, n, k };
  return pool_for(pool, m, BLOCK, product_some, &p);
}

static void transpose(const float *x, size_t rows, size_t cols, float *out) {
  for (size_t i = 0; i < rows; i += 16)
    for (size_t j = 0; j < cols; j++)
      for (size_t k = i; k < rows && k < i + 16; k++) out[j * rows + k] = x[k * cols + j];
}

/* ---- orthonormal rows ---- */

static double dot(const double *a, const double *b, size_t n) {
  double lane[4] = { 0 };
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t l = 0; l < 4; l++) lane[l] += a[i + l] * b[i + l];
  for (; i < n; i++) lane[0] += a[i] * b[i];
  return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

/* Gram-Schmidt, each row twice; one that the earlier ones span becomes a direction drawn anew. */
static void orthonormalise(double *q, size_t n, size_t dim) {
  for (size_t i = 0; i < n; i++) {
    double *x = q + i * dim;
    for (uint64_t again = 0;;) {
      double before = sqrt(dot(x, x, dim));
      for (int pass = 0; pass < 2; pass++)
        for (size_t j = 0; j < i; j++) {
          const double along = dot(x, q + j * dim, dim);
          for (size_t k = 0; k < dim; k++) x[k] -= along * q[j * dim + k];
        }
      const double length = sqrt(dot(x, x, dim));
      if (length > 1e-6 * before) {
        for (size_t k = 0; k < dim; k++) x[k] /= length;
        break;
      }
      again++;
      for (size_t k = 0; k < dim; k++) x[k] = (double)(mix(i * 977 + again * 131 + k) >> 11) / (1ull << 52) - 1;
    }
  }
}

/* ---- eigenvectors of a small matrix ---- */

static void rotate(double *a, double *vector, size_t n, size_t p, size_t q) {
  const double apq = a[p * n + q];
  if (fabs(apq) < 1e-300) return;
  const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
  for (size_t k = 0; k < n; k++) {
    const double x = a[k * n + p], y = a[k * n + q];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (size_t k = 0; k < n; k++) {
    const double x = a[p * n + k], y = a[q * n + k];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const double v = vector[p * n + k], w = vector[q * n + k];
    vector[p * n + k] = c * v - s * w;
    vector[q * n + k] = s * v + c * w;
  }
}

/* Jacobi: a[n][n], symmetric, becomes diagonal; vector[n][n] has the eigenvectors as rows. */
static void eigen(double *a, double *vector, size_t n) {
  for (size_t i = 0; i < n * n; i++) vector[i] = i % (n + 1) == 0;
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double off = 0, on = 0;
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) *(i == j ? &on : &off) += a[i * n + j] * a[i * n + j];
    if (off <= 1e-12 * on) return;
    for (size_t p = 0; p + 1 < n; p++)
      for (size_t q = p + 1; q < n; q++) rotate(a, vector, n, p, q);
  }
}

/* ---- subspace iteration ---- */

typedef struct Room { float *xt, *y, *yt, *z; double *q, *a, *vector; } Room;

static int make_room(Room *r, size_t m, size_t n, size_t dim) {
  *r = (Room){ malloc(m * dim * sizeof(float)), malloc(m * n * sizeof(float)), malloc(m * n * sizeof(float)),
               malloc(n * dim * sizeof(float)), malloc(n * dim * sizeof(double)), malloc(n * n * sizeof(double)),
               malloc(n * n * sizeof(double)) };
  return r->xt && r->y && r->yt && r->z && r->q && r->a && r->vector ? 0 : -1;
}

static void free_room(Room *r) {
  free(r->xt);
  free(r->y);
  free(r->yt);
  free(r->z);
  free(r->q);
  free(r->a);
  free(r->vector);
}

static void floats_of(const double *x, size_t n, float *out) {
  for (size_t i = 0; i < n; i++) out[i] = (float)x[i];
}

/* b->x within its span: along the eigenvectors of (X b')'(X b'), the largest first. */
static int rayleigh_ritz(Basis *b, Room *r, const float *sample, size_t m, Pool *pool) {
  const size_t n = b->n, dim = b->dim;
  int result = product(sample, b->x, r->y, m, n, dim, pool);
  if (result != 0) return result;
  transpose(r->y, m, n, r->yt);
  result = product(r->yt, r->yt, r->z, n, n, m, pool);   /* z has room: n < dim */
  if (result != 0) return result;
  for (size_t i = 0; i < n * n; i++) r->a[i] = r->z[i];
  eigen(r->a, r->vector, n);
  double *mixed = malloc(n * dim * sizeof *mixed);
  if (mixed == NULL) return -1;
  for (size_t i = 0; i < n; i++) {
    size_t best = 0;
    for (size_t j = 1; j < n; j++)
      if (r->a[j * n + j] > r->a[best * n + best]) best = j;
    r->a[best * n + best] = -INFINITY;
    for (size_t k = 0; k < dim; k++) mixed[i * dim + k] = 0;
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < dim; k++) mixed[i * dim + k] += r->vector[best * n + j] * r->q[j * dim + k];
  }
  orthonormalise(mixed, n, dim);
  floats_of(mixed, n * dim, b->x);
  free(mixed);
  return 0;
}

static int iterate(Basis *b, Room *r, const float *sample, size_t m, Pool *pool) {
  const size_t n = b->n, dim = b->dim;
  transpose(sample, m, dim, r->xt);
  for (size_t i = 0; i < n * dim; i++) r->q[i] = (double)(mix(i) >> 11) / (1ull << 52) - 1;
  for (int round = 0; round <= ROUNDS; round++) {
    orthonormalise(r->q, n, dim);
    floats_of(r->q, n * dim, b->x);
    if (round == ROUNDS) break;
    int result = product(sample, b->x, r->y, m, n, dim, pool);
    if (result == 0) {
      transpose(r->y, m, n, r->yt);
      result = product(r->yt, r->xt, r->z, n, dim, m, pool);
    }
    if (result != 0) return result;
    for (size_t i = 0; i < n * dim; i++) r->q[i] = r->z[i];
  }
  return rayleigh_ritz(b, r, sample, m, pool);
}

int basis_find(Basis *b, const float *sample, uint32_t m, uint32_t dim, Pool *pool) {
  Room room;
  *b = (Basis){ basis_size(dim), dim, malloc((size_t)basis_size(dim) * dim * sizeof(float)) };
  int r = make_room(&room, m, b->n, dim);
  if (b->x == NULL) r = -1;
  if (r == 0) r = iterate(b, &room, sample, m, pool);
  free_room(&room);
  if (r != 0) basis_free(b);
  return r;
}

void basis_free(Basis *b) {
  free(b->x);
  *b = (Basis){ 0 };
}
