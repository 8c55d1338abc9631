/* modules/diff/near.h - which texts of A were edited into which of B: the pairs of highest exact
** Jaccard, each text in one pair at most.
**
**   sketch     every text once a pass, to slots of 16 bits   [texts][hashes]
**   bands      of a few slots each: the keys of both sides sorted and merged; texts of equal keys meet
**   estimate   the share of slots that agree: each text of B keeps its `most` likeliest of A
**   verify     the exact Jaccard (neardup/verify.h) with each of these
**   match      pairs by falling Jaccard, ties by the order of A and then of B, as long as both are free
** and again with what is left, where a text's likeliest were all taken by others.
**
** A pass proposes texts of [from, to) code points. Long texts are better met by long shingles, of which
** strangers share few, short ones by short: a text that is in two passes is met in both. */
#ifndef TAMIS_DIFF_NEAR_H
#define TAMIS_DIFF_NEAR_H

#include "neardup/texts.h"

enum { NEAR_PASSES = 2, NEAR_MOST = 32, NEAR_HASHES = 512 };

typedef struct NearPass {
  unsigned shingle;      /* code points, 1 .. GRAMS_MAX_SHINGLE */
  unsigned hashes;       /* slots, a multiple of 8, at most NEAR_HASHES */
  unsigned rows;         /* slots a band */
  size_t from, to;       /* of so many code points: from <= n < to */
  double floor;          /* a pair of which fewer of the slots agree is not looked at */
} NearPass;

typedef struct NearParams {
  double threshold;      /* pairs of this exact Jaccard or above */
  unsigned shingle;      /* of which it is taken, in code points */
  NearPass pass[NEAR_PASSES];
  size_t npasses;
  unsigned most;         /* texts of A that one of B is held against, 1 .. NEAR_MOST */
  unsigned crowd;        /* of more texts of A with one key each text of B meets so many */
  unsigned rounds;
  SimdPath path;
} NearParams;

typedef struct NearCounts { size_t proposed, verified, matched, rounds; } NearCounts;

/* order_a [a->n]: places in an order that does not depend on that of the rows; order_b alike.
** partner [b->n] of A, or TEXT_NONE; jaccard [b->n], NaN for none. counts may be NULL.
** 0; -1 with err worded; POOL_INTERRUPTED. */
int near_match(const TextSource *a, const TextSource *b, const uint32_t *order_a, const uint32_t *order_b,
               const NearParams *p, Pool *pool, uint32_t *partner, float *jaccard, NearCounts *counts, Error *err);

#endif
