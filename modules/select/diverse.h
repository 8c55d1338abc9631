/* modules/select/diverse.h - the most diverse rows of each group first: every next one is the farthest from those
** before it (greedy k-centre: Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985). */
#ifndef TAMIS_DIVERSE_H
#define TAMIS_DIVERSE_H

#include "select/select.h"
#include "vectors/vectors.h"

/* Numbers for Quota.number: in each bin that has more rows than its quota as many as may stay get 0, -1, -2 … in the
** order in which they were taken, all others NAN. The first is that of the least place (select.h), a trusted one where
** there is one; the next has the least cosine with its nearest before it; of equal ones that of the lesser place. Rows of trusted
** sources come before all others. Rows without a vector have no number: they rank behind. number[nrows of the corpus].
** 0; -1 if out of memory; POOL_INTERRUPTED. Bins in parallel; rows * quota * dim products a bin at most, mostly far
** fewer, since a row that was near once never becomes far. */
int diverse_numbers(const Groups *g, const Quota *q, const Vectors *v, Pool *pool, double *number);

#endif
