/* modules/cosine/semantic.h - semantic duplicates: leaders and components (neardup/cluster.h) by the cosine of
** vectors. What neardup/leaders.h says of a text and a Jaccard holds here for a row's vector and a cosine; texts of
** the same shingles are vectors of the same bytes.
**
** Every pair at the floor or above is listed (cosine/search.h), so that the clusters at any threshold follow from the
** list (neardup/sweep.h). Where they are too many to list (a hundred thousand rows of one template):
**   leader      cosine_leaders finds who is kept without a list; a pair says each verdict
**   components  the pairs of the spanning forest of highest cosines, which is one and no other
** and every text with a vector is open: a sweep searches again.
** Each pair rests on vectors_cosine. The result does not depend on the number of threads. */
#ifndef TAMIS_SEMANTIC_H
#define TAMIS_SEMANTIC_H

#include "cosine/approximate.h"
#include "cosine/scan.h"
#include "cosine/search.h"
#include "neardup/leaders.h"

typedef struct SemanticParams {
  const LeaderParams *leaders;   /* threshold, floor (above 0), barred, mode, evidence, evidence_pairs */
  size_t list;                   /* at most so many pairs are listed; 0: 4 a vector (evidence: evidence_pairs),
                                 ** and a million at least. Other values are for tests */
  ApproximateFigures *approximate;   /* NULL: every pair is found. Else pairs are found by approximate.h, count as all
                                     ** there are, and here is what the search did */
} SemanticParams;

/* Text i of [n] has the vector slot[i] of v; VECTOR_NONE: it has none, and matches nobody. order[n]: texts in visiting
** order (leaders_order). figures NULL, or what the search did. 0; -1 with err worded; POOL_INTERRUPTED. *out is empty
** unless 0; its keys are NULL. */
int semantic_find(const Vectors *v, const uint32_t *slot, size_t n, const uint32_t *order, const SemanticParams *p,
                  Pool *pool, Leaders *out, CosineFigures *figures, Error *err);

#endif
