/* modules/coverage/reach.h - which of one set's rows are near no row of another? Cosines are exact (cosine/nearest.h),
** between vectors that one embedding made. */
#ifndef TAMIS_COVERAGE_REACH_H
#define TAMIS_COVERAGE_REACH_H

#include "vectors/vectors.h"

typedef struct ReachParams {
  double bound;          /* a query is far whose nearest row has a lower cosine; NAN: the bound is taken from the rows: */
  double share;          /* so much of a sample of them lies farther than it from the nearest other one */
  size_t own;            /* rows in that sample */
  uint64_t seed;
} ReachParams;

typedef struct ReachFar { uint32_t row, nearest; double cosine; } ReachFar;   /* rows of the queries' view, of the base's */
typedef struct Reach {
  uint32_t base, queries, own;   /* standing rows with a vector on either side; in the sample */
  double bound;
  double mean, p10, p50;         /* of the queries' nearest cosines; NAN where there are none */
  double own_p50;                /* of the sample's; NAN where nobody looked */
  uint32_t nfar;
  ReachFar *far;                 /* [nfar] lowest cosine first, ties by row */
} Reach;

/* Standing rows of `view` are the base, those of `other` the queries. 0; -1 with err worded; POOL_INTERRUPTED. */
int reach_find(const View *view, const Vectors *v, const View *other, const Vectors *w, const ReachParams *p, Pool *pool,
               Reach *out, Error *err);
void reach_free(Reach *r);

#endif
