/* modules/cosine/search.h - which vectors are nearly the same? Every row is held against every row.
**
** Float products only propose: a pair is looked at where its float cosine, plus a slack that the rounding of floats
** cannot pass (pack.h), reaches the threshold. vectors_cosine decides, in double and in a fixed order, so the pairs
** are those of brute force: the same for any number of threads, and for any way of proposing them.
**
** Copies (vectors whose stored bytes are the same; cosine exactly 1, as no other pair) are one node: a copy has one
** pair, at 1, with the first of its like, and none with others, so that 5,000 equal vectors do not make 12 million
** pairs. That is what cluster.h needs to know of them (see there: "texts of Jaccard 1").
**
** Two ways to ask, for two sizes of answer:
**   cosine_pairs     all pairs at the threshold: for components, evidence and sweeps. Up to `most` pairs; where there
**                    are more, the highest, and `floor` says from which cosine on none is missing
**   cosine_leaders   the clusters of CLUSTER_LEADER (cluster.h) at once, without a list of pairs: memory stays
**                    O(n), also where 50,000 rows are all alike
** A list of slots may stand in any order, but has no slot twice; slot NULL: slots 0 .. n - 1. Places in results are
** places in that list. */
#ifndef TAMIS_COSINE_SEARCH_H
#define TAMIS_COSINE_SEARCH_H

#include "core/pool.h"
#include "vectors/vectors.h"

#define COSINE_NONE UINT32_MAX

typedef struct CosinePair { uint32_t a, b; double cosine; } CosinePair;      /* places in slot[], a < b */

typedef struct CosineParams {
  double threshold;        /* pairs at this cosine or above; -1 to 1 */
  size_t most;             /* cosine_pairs: so many at most, copies not counted; 0: no limit */
  double give_up;          /* cosine_pairs: where the floor must rise above this cosine, the search ends at once, with
                           ** no pair, floor 2 and limited set; 0: it goes on */
  int plain;               /* hold every vector whole against every other: what the rest is measured against */
} CosineParams;

/* What a search did. Nothing here but the seconds depends on the number of threads or on the machine's load. */
typedef struct CosineFigures {
  uint32_t distinct;       /* vectors that are no copy of an earlier one */
  uint64_t pairs;          /* pairs that had to be decided, of distinct vectors: these are */
  uint64_t by_cluster;     /*   ruled out as two clusters are too far apart, */
  uint64_t by_annulus;     /*   as a row is too far from, or too close to, the other's centre, */
  uint64_t by_head;        /*   by the product of their heads; */
  uint64_t proposed;       /*   or left to vectors_cosine */
  uint64_t products;       /* float products that were taken, of `head` numbers each */
  uint32_t clusters;       /* 0: none were made */
  uint32_t head;           /* numbers of a vector's head; its whole length where it was not shortened */
  double prepare_s, search_s, settle_s;   /* seconds of wall clock: to make heads and clusters; to search; the rest */
} CosineFigures;

typedef struct CosinePairs {
  CosinePair *pair;        /* [n] by a, b; spill_alloc */
  size_t n;
  double floor;            /* every pair of this cosine or above is there (copies as said above) */
  int limited;             /* 1: there are more at the threshold than `most`, and floor lies above it */
  CosineFigures figures;
} CosinePairs;

/* 0; -1 with err worded; or POOL_INTERRUPTED. *out is empty unless 0. */
int cosine_pairs(const Vectors *v, const uint32_t *slot, uint32_t n, const CosineParams *p, Pool *pool,
                 CosinePairs *out, Error *err);
void cosine_pairs_free(CosinePairs *p);   /* frees and empties */

typedef struct CosineLeaders {
  uint32_t n, rejected;
  uint32_t *twin;          /* [n] the kept place visited before it of highest cosine, the first visited of equals;
                           ** COSINE_NONE: kept (or barred and alone) */
  double *cosine;          /* [n] with the twin; NaN */
  CosineFigures figures;   /* pairs: of a row with a kept one before it */
} CosineLeaders;

/* Places are visited in order (order[n]; NULL: as they stand); one that a kept, already visited one matches is
** rejected. barred NULL, or [n]: these are rejected where they match and never kept (cluster.h). The answer is that of
** cluster_take over all pairs. Returns as cosine_pairs. */
int cosine_leaders(const Vectors *v, const uint32_t *slot, uint32_t n, const uint32_t *order, const uint8_t *barred,
                   const CosineParams *p, Pool *pool, CosineLeaders *out, Error *err);
void cosine_leaders_free(CosineLeaders *l);   /* frees and empties */

/* For each place the first of the list with the same stored bytes, itself if it is that: like[n].
** 0; -1 if out of memory; POOL_INTERRUPTED. */
int cosine_copies(const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool, uint32_t *like);

#endif
