/* modules/neardup/pairs.h - the verified pairs of one group of texts (lsh.h), for clusters that
** need more of them than a leader's visit finds (judge.h). Inside the module only.
**
**   all      every two texts of the group that share a key, verified at the floor
**   linked   (components) the same, but two texts that matches connect already are not compared:
**            at most one comparison a text in a cluster of near copies, however large
** A group in which the bands propose more than evidence_pairs pairs a text is taken as `linked`,
** or (leader) left to judge_group, at the threshold: below it there may be as many. Copies are found
** first and have a pair with the first of their like alone. */
#ifndef TAMIS_PAIRS_H
#define TAMIS_PAIRS_H

#include "neardup/judge.h"

typedef struct PairsRoom PairsRoom;   /* a worker's */
PairsRoom *pairs_room_new(int worker);          /* NULL if out of memory */
void pairs_room_free(PairsRoom *r);             /* NULL is left alone */

enum { PAIRS_TOO_MANY = 1 };

/* Pairs of text[0..n), in visiting order. Of j only what is given is read: twin and jaccard are not.
** open[i] is set for texts with pairs that were not looked at. 0; PAIRS_TOO_MANY: no pair was taken
** (leader mode alone); -1 if out of memory; POOL_INTERRUPTED. */
int pairs_group(const Judge *j, PairsRoom *r, const uint32_t *text, size_t n, uint8_t *open);

/* What the worker has gathered over all its groups. */
const TextPair *pairs_found(const PairsRoom *r, size_t *n);
void pairs_counts(const PairsRoom *r, size_t *candidates, size_t *verified);

/* The Jaccard with its twin of every rejected text of which it is not known (NaN): one comparison
** each; like (cluster.h) spares those of copies. 0; -1 if out of memory; POOL_INTERRUPTED. */
int pairs_measure(const TextSource *src, unsigned shingle, Pool *pool, const uint32_t *like, Clusters *c);

#endif
