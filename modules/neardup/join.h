/* modules/neardup/join.h - the exact similarity join: every pair of texts whose sets of shingles
** have a Jaccard at the threshold or above, none below, by proof.
**
** J(x, y) >= t is the same as |x sym.diff. y| <= (1 - t) / (1 + t) (|x| + |y|). Let k be the most
** that a size class allows. The 32-bit hashes of shingles are split into m = k / 2 + 1 ranges
** ("groups"); k differences cannot put two into each, so in some group the two texts differ by
** one shingle at most. A text's key in a group is the sum of its (mixed) hashes there, so its key
** without one shingle is one subtraction: a pair meets where one's full key equals the other's
** full key or one of the other's keys less one shingle. (PartEnum, Arasu, Ganti, Kaushik 2006;
** Deng, Li, Wen, Feng 2016.) Equal hashes of different shingles only propose more.
**   class     texts by number of distinct shingles, classes of a fixed ratio; a window is a class
**             with the smaller ones that it can match
**   group     for one group after the other: a small table of full keys behind a bit filter that
**             stays in cache, then all texts stream past it
**   bitmap    each distinct shingle flips one bit; too many differing bits prove a mismatch
**   verify    the true shingles (verify.h): no pair rests on a hash
** A window with few texts is held together pair by pair (bitmap, then verify).
** Texts that are the same once folded are collapsed first. A text shorter than a shingle matches
** its copies alone. */
#ifndef TAMIS_JOIN_H
#define TAMIS_JOIN_H

#include "neardup/leaders.h"

typedef enum JoinWay { JOIN_CHEAPER, JOIN_GROUPS, JOIN_PAIRWISE } JoinWay;

typedef struct JoinParams {
  unsigned shingle;
  double threshold;         /* above 0 */
  const uint8_t *centre;    /* [n] only pairs with one of these or its like; NULL: all pairs */
  size_t room;              /* bytes of shingle hashes at hand at once; 0: 1 KB a text, at least 64 MB */
  JoinWay way;              /* for tests */
  SimdPath path;
} JoinParams;

typedef struct Join {
  size_t n;
  uint32_t *same;           /* [n] the first text with the same folded bytes; TEXT_NONE: none before it */
  TextPair *pair;           /* [npairs] by a, b: texts that are not in `same` */
  size_t npairs;
  size_t candidates;        /* pairs that the bitmaps let through */
  size_t passes;            /* times that a window's texts were read */
} Join;

/* 0; -1 with err worded; POOL_INTERRUPTED. *out is empty unless 0. Does not depend on the number
** of threads. */
int join_find(const TextSource *src, const JoinParams *p, Pool *pool, Join *out, Error *err);
void join_free(Join *j);

#endif
