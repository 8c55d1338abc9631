/* modules/neardup/outline.h - bits that say of two texts, without reading them, that they cannot
** match. Chance joins strangers: among ten million texts nearly every one shares a band's key with
** some other, and all of them hang together in one group. An outline has a bit for each shingle of a
** text (several may share one); bits that only one of two outlines has are shingles that only one of
** the texts has, and those must not be more than (1 - t) / (1 + t) of all. Where two texts share a
** key but fail this, they need not be of one group (lsh.h). Inside the module only. */
#ifndef TAMIS_OUTLINE_H
#define TAMIS_OUTLINE_H

#include "neardup/texts.h"
#include "neardup/verify.h"

enum { OUTLINE = GRAM_BITMAP };   /* words: 1,024 bits; a text of many thousand shingles has nearly all of them */

typedef struct Outlines {
  double floor;
  const uint32_t *shingles;   /* [n] repeated ones counted */
  uint8_t *has;               /* [n] texts with an outline */
  uint64_t *bits;             /* [n][OUTLINE], by spill_alloc */
} Outlines;

/* Outlines of the texts of groups of `least` or more; root is what lsh_groups gave. *any is set if there
** are such groups: else nothing is made. 0; -1 if out of memory; POOL_INTERRUPTED. Free it in any case. */
int outlines_make(Outlines *o, const TextSource *src, unsigned shingle, SimdPath path, const uint32_t *root,
                  size_t least, Pool *pool, int *any);
void outlines_free(Outlines *o);

/* 0 is a proof that the two texts do not reach the floor. (An LshMay.) */
int outlines_may_match(const void *outlines, uint32_t a, uint32_t b);

#endif
