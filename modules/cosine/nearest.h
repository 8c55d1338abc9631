/* modules/cosine/nearest.h - the k vectors nearest to each of some queries: exactly those of brute force.
**
** Blocks of float products propose, with slack (pack.h); vectors_cosine_between decides, in double and in a fixed
** order. Highest first, equals by place. The result does not depend on the number of threads. */
#ifndef TAMIS_COSINE_NEAREST_H
#define TAMIS_COSINE_NEAREST_H

#include "core/pool.h"
#include "vectors/vectors.h"

enum { COSINE_NEAREST_MAX = 10000 };

typedef struct CosineHit { double cosine; uint32_t place; } CosineHit;

typedef struct NearestParams {
  uint32_t k;            /* 1 .. COSINE_NEAREST_MAX */
  double least;          /* a hit has this cosine or above; -2: any */
  int exclude_self;      /* where both are the same Vectors: a slot is no neighbour of itself (a copy of it is) */
} NearestParams;

/* Of each of query_slot[0..nqueries) the nearest of base_slot[0..nbase) (NULL: slots 0 .. count - 1); both of one
** embedding, so of one dim (-1 where they are not). hits [nqueries][k]: places in base_slot; behind the last found
** ones of place VECTOR_NONE and cosine NaN. found NULL, or [nqueries]: how many.
** 0; -1 with err worded; or POOL_INTERRUPTED. */
int cosine_nearest(const Vectors *base, const uint32_t *base_slot, uint32_t nbase, const Vectors *queries,
                   const uint32_t *query_slot, uint32_t nqueries, const NearestParams *p, Pool *pool, CosineHit *hits,
                   uint32_t *found, Error *err);
/* The same of one vector x[base->dim] of any length but 0, such as a text's that was just embedded: hits [k].
** The cosine is that of x as vectors_put would store it. */
int cosine_nearest_of(const Vectors *base, const uint32_t *base_slot, uint32_t nbase, const float *x,
                      const NearestParams *p, Pool *pool, CosineHit *hits, uint32_t *found, Error *err);

#endif
