/* modules/neardup/mask.h - shingles that stand in more than a share of all texts, and count nothing.
**
** A template in the middle of a text (a form, a disclaimer, quoted terms) makes strangers alike.
** Masked shingles are in nobody's set: sketch, verification and the exact join see the rest.
** But a set of near copies of one text has the same frequent shingles, and must stay a set of near
** copies. What differs is what is left: of a template's rows texts of their own, of near copies
** words changed here and there. So a text is masked only if it has a stretch of its own:
**
**   shingles   · f f f f f f f f f o o o o o f o o o f f o o o o o o f f f f f f f f f f ·
**   stretch                        └───────────────────────────────┘     o: not frequent
**
** from a shingle that is not frequent to another with no `rest` frequent ones in a row between, and
** at least `rest` + n - 1 shingles long, as text of `rest` code points (words) inside a template is.
** Any other text keeps all its shingles. With rest 0 every text is masked, and one with nothing
** left is compared as text.
**
** The shares are exact, over all texts, in passes of bounded room:
**   count    two arrays of buckets by two hashes of each shingle: both of a frequent one are high
**   table    shingles whose buckets are high, and the number of texts that have each, by its code
**            points or words: nothing rests on a hash. Where they are too many for the room, slice
**            by slice of the hashes, a pass each
** The same for any number of threads. */
#ifndef TAMIS_MASK_H
#define TAMIS_MASK_H

#include "neardup/texts.h"

typedef struct Mask Mask;

/* The frequent shingles of src's texts, none of them masked yet. *out is NULL where there are none.
** 0; -1 with err worded; POOL_INTERRUPTED. */
int mask_find(Mask **out, const TextSource *src, unsigned shingle, const MaskParams *p, Pool *pool, Error *err);
size_t mask_count(const Mask *m);   /* of NULL 0 */
void mask_free(Mask *m);            /* NULL is left alone */

#endif
