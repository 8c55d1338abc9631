/* modules/cosine/pack.h - the vectors of a list side by side as floats of length 1, for products of blocks.
**
** The slack: let x, y be two stored vectors divided by their lengths, X, Y what is packed of them. Each number of X is
** off by at most u = 2^-24 of itself, and a float product of d terms, in any order and with or without fused
** multiply-add, by at most d u / (1 - d u) of the sum of |X_i Y_i|, which is at most |X| |Y| <= (1 + u)^2. So
** |fl(X . Y) - x . y| <= (d + 3) u, to first order; d = 384 gives 0.00003, d = 16384 0.001. The double figure of
** vectors_cosine is off by less than d 2^-52, which is inside the margin taken. So a pair whose float product is below
** threshold - slack has a cosine below the threshold. */
#ifndef TAMIS_PACK_H
#define TAMIS_PACK_H

#include "core/pool.h"
#include "vectors/vectors.h"

typedef struct Pack {
  uint32_t n;
  uint32_t width;
  float *x;        /* [n][width]; spill_alloc */
} Pack;

double pack_slack(uint32_t dim);

/* Slots slot[0..n) (NULL: 0 .. n - 1), whole. 0; -1 if out of memory, POOL_INTERRUPTED; *p empty unless 0. */
int pack_whole(Pack *p, const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool);
void pack_free(Pack *p);   /* frees and empties */

/* One vector, divided by its length, into out[v->dim]. */
void pack_one(const Vectors *v, uint32_t slot, float *out);

static inline uint32_t slot_at(const uint32_t *slot, uint32_t place) { return slot != NULL ? slot[place] : place; }

#endif
