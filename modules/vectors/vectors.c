/* modules/vectors/vectors.c - see vectors.h */
#include "vectors/vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/spill.h"
#include "vectors/dot.h"
#include "vectors/embedder.h"
#include "vectors/half.h"

/* ---- life ---- */

static void destroy(Attached *a) {
  Vectors *v = (Vectors *)a;
  embedder_unref(v->embedder);
  spill_free(v->data);
  spill_free(v->inverse);
  spill_free(v->slot);
  spill_free(v->row);
  spill_free(v->state);
  free(v->name);
  free(v);
}

static size_t bytes_each(const Vectors *v) { return (size_t)v->dim * (v->kind == VECTOR_F16 ? 2 : sizeof(float)); }

int vectors_new(Vectors **out, uint32_t nrows, const uint32_t *rows, uint32_t n, uint32_t dim, VectorKind kind,
                const char *name) {
  Vectors *v = *out = calloc(1, sizeof *v);
  if (v == NULL) return -1;
  atomic_init(&v->base.refs, 1);
  v->base.type = VECTORS_TYPE;
  v->base.destroy = destroy;
  v->nrows = nrows;
  v->n = n;
  v->dim = dim;
  v->kind = kind;
  v->name = strdup(name);
  v->data = spill_alloc((size_t)n * bytes_each(v) + 1);
  v->inverse = spill_alloc((size_t)n * sizeof *v->inverse + 1);
  v->slot = spill_alloc((size_t)nrows * sizeof *v->slot + 1);
  v->row = spill_alloc((size_t)n * sizeof *v->row + 1);
  v->state = spill_alloc((size_t)nrows + 1);
  if (v->name == NULL || !v->data || !v->inverse || !v->slot || !v->row || !v->state) {
    vectors_unref(v);
    *out = NULL;
    return -1;
  }
  memset(v->slot, 0xFF, (size_t)nrows * sizeof *v->slot);
  memset(v->state, VECTOR_MISSING, nrows);
  if (n > 0) memcpy(v->row, rows, (size_t)n * sizeof *rows);
  return 0;
}

void vectors_unref(Vectors *v) {
  if (v != NULL) attached_unref(&v->base);
}

Vectors *vectors_of(const View *view, Span name) { return (Vectors *)view_attached(view, name, VECTORS_TYPE); }

/* ---- filling ---- */

static const uint16_t *halves(const Vectors *v, uint32_t slot) {
  return (const uint16_t *)v->data + (size_t)slot * v->dim;
}

static float *floats(const Vectors *v, uint32_t slot) { return (float *)v->data + (size_t)slot * v->dim; }

/* The squared length of what is stored. */
static double stored_square(const Vectors *v, uint32_t slot) {
  if (v->kind == VECTOR_F32) return dot_fixed(simd_best(), floats(v, slot), floats(v, slot), v->dim);
  double lane[8] = { 0 };
  const uint16_t *h = halves(v, slot);
  for (uint32_t i = 0; i < v->dim; i++) {
    double x = (double)half_value(h[i]);
    lane[i % 8] += x * x;
  }
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

VectorState vectors_put(Vectors *v, uint32_t place, const float *x) {
  uint8_t *state = &v->state[v->row[place]];
  double square = dot_fixed(simd_best(), x, x, v->dim);
  if (!isfinite(square)) return *state = VECTOR_NOT_FINITE;
  if (square == 0) return *state = VECTOR_ZERO;
  double scale = 1 / sqrt(square);
  /* adding 0 turns -0 into 0, so that equal vectors have equal bytes */
  if (v->kind == VECTOR_F32) {
    float *to = floats(v, place);
    for (uint32_t i = 0; i < v->dim; i++) to[i] = (float)((double)x[i] * scale) + 0.0f;
  } else {
    uint16_t *to = (uint16_t *)v->data + (size_t)place * v->dim;
    for (uint32_t i = 0; i < v->dim; i++) to[i] = half_of((float)((double)x[i] * scale) + 0.0f);
  }
  double stored = stored_square(v, place);
  if (!(stored > 0)) return *state = VECTOR_ZERO;
  v->inverse[place] = 1 / sqrt(stored);
  return *state = VECTOR_OK;
}

void vectors_close(Vectors *v) {
  uint32_t to = 0;
  size_t each = bytes_each(v);
  for (uint32_t i = 0; i < v->n; i++) {
    uint32_t row = v->row[i];
    if (v->state[row] != VECTOR_OK) continue;
    if (to != i) {
      memmove((char *)v->data + to * each, (char *)v->data + i * each, each);
      v->inverse[to] = v->inverse[i];
      v->row[to] = row;
    }
    v->slot[row] = to++;
  }
  v->n = to;
}

/* ---- reading ---- */

const float *vectors_get(const Vectors *v, uint32_t slot, float *room) {
  if (v->kind == VECTOR_F32) return floats(v, slot);
  half_to_floats(halves(v, slot), v->dim, room);
  return room;
}

void vectors_block(const Vectors *v, const uint32_t *slot, uint32_t first, uint32_t n, float *out) {
  for (uint32_t i = 0; i < n; i++) {
    float *to = out + (size_t)i * v->dim;
    const float *x = vectors_get(v, slot != NULL ? slot[i] : first + i, to);
    if (x != to) memcpy(to, x, v->dim * sizeof *to);
  }
}

/* ---- the cosine ---- */

enum { FEW = 1024 };   /* dimensions whose room may lie on the stack */

static double dot_halves(const uint16_t *a, const uint16_t *b, uint32_t dim) {
  /* in pieces of a multiple of 8, each lane would be summed anew: so the lanes are carried here */
  double lane[8] = { 0 };
  float x[FEW], y[FEW];
  for (uint32_t from = 0; from < dim; from += FEW) {
    uint32_t n = dim - from < FEW ? dim - from : FEW;
    half_to_floats(a + from, n, x);
    half_to_floats(b + from, n, y);
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8)
      for (uint32_t k = 0; k < 8; k++) lane[k] += (double)x[i + k] * (double)y[i + k];
    for (uint32_t k = 0; i + k < n; k++) lane[k] += (double)x[i + k] * (double)y[i + k];
  }
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static double dot_mixed(const Vectors *v, uint32_t a, const Vectors *w, uint32_t b) {
  double lane[8] = { 0 };
  for (uint32_t i = 0; i < v->dim; i++) {
    double x = v->kind == VECTOR_F32 ? (double)floats(v, a)[i] : (double)half_value(halves(v, a)[i]);
    double y = w->kind == VECTOR_F32 ? (double)floats(w, b)[i] : (double)half_value(halves(w, b)[i]);
    lane[i % 8] += x * y;
  }
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static int same_bytes(const Vectors *v, uint32_t a, const Vectors *w, uint32_t b) {
  size_t each = bytes_each(v);
  return v->kind == w->kind && memcmp((char *)v->data + a * each, (char *)w->data + b * each, each) == 0;
}

double vectors_cosine_between(const Vectors *v, uint32_t a, const Vectors *w, uint32_t b) {
  double dot = v->kind != w->kind ? dot_mixed(v, a, w, b)
               : v->kind == VECTOR_F32 ? dot_fixed(simd_best(), floats(v, a), floats(w, b), v->dim)
                                       : dot_halves(halves(v, a), halves(w, b), v->dim);
  double cosine = dot * (v->inverse[a] * w->inverse[b]);   /* the same either way round, and for a copy of either */
  if (cosine < 0.999999) return cosine < -1 ? -1 : cosine;
  if (same_bytes(v, a, w, b)) return 1;
  return cosine < 1 ? cosine : nextafter(1, 0);
}

double vectors_cosine(const Vectors *v, uint32_t a, uint32_t b) {
  return vectors_cosine_between(v, a, v, b);
}

double vectors_cosine_of(const float *a, const float *b, uint32_t dim) {
  SimdPath path = simd_best();
  double x = dot_fixed(path, a, a, dim), y = dot_fixed(path, b, b, dim);
  if (!isfinite(x) || !isfinite(y) || x == 0 || y == 0) return 0;
  double cosine = dot_fixed(path, a, b, dim) / (sqrt(x) * sqrt(y));
  if (memcmp(a, b, dim * sizeof *a) == 0) return 1;
  return cosine < -1 ? -1 : cosine < 1 ? cosine : nextafter(1, 0);
}
