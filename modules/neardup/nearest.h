/* modules/neardup/nearest.h - the texts most like one text, by exact Jaccard: every text is held
** against it, so the answer misses none. For people who look around, not for stages. */
#ifndef TAMIS_NEAREST_H
#define TAMIS_NEAREST_H

#include "neardup/texts.h"

enum { NEAREST_MAX = 10000 };

typedef struct NearHit { double jaccard; uint32_t text; } NearHit;

/* The k texts of highest Jaccard with `query`, highest first, ties by place; those of 0 are left
** out. best [k], 1 <= k <= NEAREST_MAX; *n of them. The result does not depend on the threads.
** 0; -1 if out of memory; POOL_INTERRUPTED. */
int nearest_texts(const TextSource *src, Span query, unsigned shingle, Pool *pool, size_t k,
                  NearHit *best, size_t *n);

#endif
