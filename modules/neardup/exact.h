/* modules/neardup/exact.h - texts that are the same once folded.
** XXH3-128 of each folded text in parallel, equal hashes brought together by radix sort, and the
** texts compared where hashes meet: no collision removes a row. The first of equal texts is
** kept, one of `first` (trusted) before all others. */
#ifndef TAMIS_EXACT_H
#define TAMIS_EXACT_H

#include "neardup/texts.h"

typedef struct ExactParams {
  const uint8_t *first;   /* [n] texts that win; NULL: none */
  uint64_t hash_mask;     /* for tests: bits of the hash that count; 0: all */
  uint32_t *keys;         /* [n] is set to 32 bits of each text's hash; NULL: not wanted */
} ExactParams;

/* twin[i] is the kept text equal to i, or TEXT_NONE where i is kept; *rejected how many are not.
** 0; -1 with err worded; POOL_INTERRUPTED. 24 bytes a text of transient room. */
int exact_find(const TextSource *src, const ExactParams *p, Pool *pool, uint32_t *twin,
               size_t *rejected, Error *err);

#endif
