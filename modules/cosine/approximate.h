/* modules/cosine/approximate.h - pairs by inverted lists (FAISS): most of those at a threshold, and how many that are.
** For who asks for it: cosine_pairs misses none, and where it rules pairs out as fast as it does on AVX-512 it is also
** sooner.
**
** Every vector is looked for in the `probes` lists whose centres are nearest. A pair is found if either of the two lies
** in a list that the other probes; vectors_cosine decides, so there is no wrong pair, only missing ones. Recall is
** measured: of the pairs that `sample` rows, spread over all, have by exact search, the share that was found. The
** result is the same for any number of threads. */
#ifndef TAMIS_APPROXIMATE_H
#define TAMIS_APPROXIMATE_H

#include "cosine/search.h"

typedef struct ApproximateParams {
  uint32_t lists;        /* 0: 4 sqrt(n) */
  uint32_t probes;       /* 0: 8; at most as many as lists */
  uint32_t sample;       /* rows whose pairs are looked for exactly; 0: 1,000 */
} ApproximateParams;

typedef struct ApproximateFigures {
  uint32_t lists, probes, sample;
  size_t sample_pairs;   /* that these rows have, */
  size_t sample_found;   /* and of them those found */
  double recall;         /* the share; NaN where they have none */
} ApproximateFigures;

/* 1: this program was built with FAISS. */
int approximate_available(void);

/* As cosine_pairs; of the figures, by_cluster counts all pairs that no list proposed. -1 with err worded where the
** program was built without FAISS. */
int approximate_pairs(const Vectors *v, const uint32_t *slot, uint32_t n, const CosineParams *p,
                      const ApproximateParams *a, Pool *pool, CosinePairs *out, ApproximateFigures *figures,
                      Error *err);

#endif
