/* modules/topics/centroids.c - unit vectors that are no rows: see kmeans.h */
#include <math.h>
#include <stdlib.h>

#include "topics/kmeans.h"
#include "vectors/dot.h"

int centroids_new(Centroids *c, uint32_t k, uint32_t dim) {
  *c = (Centroids){ k, dim, calloc((size_t)k * dim + 1, sizeof *c->x), calloc((size_t)k + 1, sizeof *c->inverse) };
  if (c->x != NULL && c->inverse != NULL) return 0;
  centroids_free(c);
  return -1;
}

void centroids_free(Centroids *c) {
  free(c->x);
  free(c->inverse);
  *c = (Centroids){ 0 };
}

int centroids_put(Centroids *c, uint32_t i, const double *sum) {
  double lane[8] = { 0 };
  for (uint32_t d = 0; d < c->dim; d++) lane[d % 8] += sum[d] * sum[d];
  double square = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
  if (!isfinite(square) || square < 1e-24) return -1;   /* points that cancel out leave only their rounding */
  float *x = c->x + (size_t)i * c->dim;
  double scale = 1 / sqrt(square);
  for (uint32_t d = 0; d < c->dim; d++) x[d] = (float)(sum[d] * scale);
  c->inverse[i] = 1 / sqrt(dot_fixed(simd_best(), x, x, c->dim));
  return 0;
}

double centroids_cosine(const Centroids *c, uint32_t i, const Vectors *v, uint32_t slot, float *room) {
  const float *x = vectors_get(v, slot, room);
  double cosine = dot_fixed(simd_best(), x, c->x + (size_t)i * c->dim, c->dim) * v->inverse[slot] * c->inverse[i];
  return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}
