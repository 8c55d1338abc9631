/* modules/cosine/distinct.h - the vectors of a list without their copies (search.h): what a search has to hold against
** each other, and the way back to places of the list. */
#ifndef TAMIS_DISTINCT_H
#define TAMIS_DISTINCT_H

#include "cosine/search.h"

typedef struct Distinct {
  uint32_t of;         /* vectors of the list */
  uint32_t *like;      /* [of] cosine_copies */
  uint32_t n;          /* those that are no copy of an earlier one: */
  uint32_t *place;     /* [n] their places in the list, ascending, */
  uint32_t *slot;      /* [n] and slots */
} Distinct;

/* 0; -1 if out of memory, POOL_INTERRUPTED; *d is empty unless 0. */
int distinct_find(Distinct *d, const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool);
void distinct_free(Distinct *d);   /* frees and empties */

/* Adds the pairs of copies to out->pair and sorts all by a, then b. 0; -1 if out of memory. */
int distinct_lay(const Distinct *d, CosinePairs *out);

#endif
