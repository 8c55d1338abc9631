/* modules/topics/assign.h - which centroid is nearest? A round of k-means over all points, by bounds. For kmeans.c. */
#ifndef TAMIS_ASSIGN_H
#define TAMIS_ASSIGN_H

#include "topics/kmeans.h"

/* Angles, in radians. */
typedef struct Bounds {
  uint32_t ngroups;
  uint32_t *start;       /* [ngroups + 1] centroids start[g] .. start[g + 1] - 1 are group g */
  uint32_t *group;       /* [k] */
  double *drift;         /* [k] how far a centroid moved since the last round */
  double *group_drift;   /* [ngroups] the farthest of each */
  double *own;           /* [n] no less than the angle to the own centroid */
  float *least;          /* [n][ngroups] no more than the angle to any other centroid of the group */
} Bounds;

typedef struct Assign {
  const Centroids *c;
  const Vectors *v;
  const uint32_t *slot;  /* [n]; NULL: 0 .. n - 1 */
  uint32_t n;
  Bounds *b;             /* NULL: all points with all centroids, one group */
  uint32_t *of;          /* [n] KMEANS_NONE: not known yet */
  double *cosine;        /* [n] of those that were looked at; NULL: not wanted */
  uint64_t moved, products;   /* of the last round */
} Assign;

/* 0; -1 if out of memory; POOL_INTERRUPTED. */
int assign_round(Assign *a, Pool *pool);

#endif
