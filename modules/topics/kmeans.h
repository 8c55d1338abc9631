/* modules/topics/kmeans.h - spherical k-means: unit vectors into k clusters, each around a centroid of length 1.
**
** Lloyd's rounds (Dhillon, Modha, "Concept decompositions", 2001) from k-means++ seeds (Arthur, Vassilvitskii, 2007)
** on a sample, warmed up on a larger sample, then over all points. Angles are a metric, so bounds tell which points
** cannot have moved: an upper bound of the angle to the own centroid, a lower bound of that to every group of other
** centroids, both moved by what the centroids moved (Schubert, Lang, Feher, "Accelerating spherical k-means", 2021;
** groups as in Ding and others, "Yinyang k-means", 2015).
**
** Float products propose the nearest centroid, with slack for their rounding; a fixed-order double product decides,
** ties to the lower number. So bounds, threads and CPU change the time and nothing else. */
#ifndef TAMIS_KMEANS_H
#define TAMIS_KMEANS_H

#include "core/pool.h"
#include "vectors/vectors.h"

enum { KMEANS_MAX_K = 16384 };
#define KMEANS_NONE UINT32_MAX

/* Unit vectors that are no rows. */
typedef struct Centroids {
  uint32_t k, dim;
  float *x;            /* [k][dim] of length 1 */
  double *inverse;     /* [k] 1 / length as stored */
} Centroids;

int centroids_new(Centroids *c, uint32_t k, uint32_t dim);   /* zeros. 0; -1 if out of memory, *c empty */
void centroids_free(Centroids *c);                           /* frees and empties */
/* Makes sum[dim] centroid i: normalised in double. 0; -1 where it is zero or not finite: i stays as it is. */
int centroids_put(Centroids *c, uint32_t i, const double *sum);
/* The cosine of a stored vector (room[dim] for float16) and a centroid, in fixed order: what decides. */
double centroids_cosine(const Centroids *c, uint32_t i, const Vectors *v, uint32_t slot, float *room);

typedef struct KmeansSpec {
  uint32_t k;            /* clusters, 1 .. KMEANS_MAX_K; fewer come out where the points are fewer or alike */
  uint32_t rounds;       /* most rounds over all points, 1 or more; the last one only assigns */
  double settled;        /* done when a round moves this share of the points or less; 0: when none moves */
  uint32_t candidates;   /* points that k-means++ chooses from: a random sample; at least k is taken */
  uint32_t trials;       /* draws a seed, of which the best is taken; 0 is 1 */
  uint32_t tries;        /* beginnings, of which the best on the sample is taken; 0 is 1 */
  uint32_t sample;       /* points of the rounds before: a random sample; 0: no such rounds */
  uint32_t warm_rounds;  /* most of these */
  uint32_t groups;       /* of centroids, for the bounds: 1 is Hamerly's; 0: none, every round compares all (Lloyd) */
  uint64_t seed;
} KmeansSpec;

/* Effort that served well for k clusters of n points: 8 candidates a cluster (4,096 or more), 2 trials (up to 64
** clusters 4 and 3 beginnings, up to 16 6 and 8), 32 sampled points a cluster (4,096 or more), 8 and 20 rounds, settled at a thousandth, a group for every 32 clusters. */
KmeansSpec kmeans_spec(uint32_t k, uint64_t seed);

typedef struct Kmeans {
  Centroids centroids;   /* .k clusters, none empty: the biggest first, of equals that of the first point */
  uint32_t n;
  uint32_t *of;          /* [n] the centroid of highest cosine, of equals the lowest */
  double *cosine;        /* [n] that cosine */
  uint32_t *size;        /* [k] points */
  double objective;      /* sum of the cosines */
  uint32_t rounds;       /* over all points */
  uint32_t moved;        /* points that the last one moved; 0: settled in full */
  uint64_t products;     /* dot products that were computed, all phases */
} Kmeans;

/* Points slot[0..n) of v, distinct (slot NULL: all of v, n = v->n). key[n] orders them at random, ties by place
** (select_place of the rows' identities: the same sample wherever a row stands). Clusters without a point take the
** point farthest from its own. 0; -1 with err worded and *out empty (err->text "" when interrupted). */
int kmeans_fit(const Vectors *v, const uint32_t *slot, uint32_t n, const uint64_t *key, const KmeansSpec *spec,
               Pool *pool, Kmeans *out, Error *err);
void kmeans_free(Kmeans *k);   /* frees and empties */

/* The nearest centroid of each of n points into of[n], and the cosine into cosine[n]. 0; -1 with err worded. */
int kmeans_nearest(const Centroids *c, const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool, uint32_t *of,
                   double *cosine, Error *err);

#endif
