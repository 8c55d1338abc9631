/* modules/topics/seeds.h - where k-means begins: samples, and k-means++. For kmeans.c. */
#ifndef TAMIS_SEEDS_H
#define TAMIS_SEEDS_H

#include "topics/kmeans.h"

/* The slots of the m points of lowest key, ties by place, in that order, into out[m]. 0; -1 if out of memory. */
int seeds_sample(const uint32_t *slot, uint32_t n, const uint64_t *key, uint32_t m, uint32_t *out);

/* Fills c with points of slot[0..m): the first, then each drawn with a chance in proportion to 1 - cosine with the
** nearest that was drawn before; of so many trials the one that leaves the least sum of these distances (greedy
** k-means++). Where all points left coincide with one drawn, the rest are copies of the first.
** Adds to *products. 0; -1 if out of memory; POOL_INTERRUPTED. */
int seeds_plus(Centroids *c, const Vectors *v, const uint32_t *slot, uint32_t m, uint32_t trials, uint64_t seed,
               Pool *pool, uint64_t *products);

#endif
