/* modules/neardup/against.h - which texts repeat one that an earlier run kept?
**
** The earlier texts ("kept") are all kept, whatever they have in common; a text that one of them
** matches names the one of highest Jaccard, the first of equals. Nothing is compared among the
** texts themselves: that is leaders.h, on those that are left. Together the two reject what leaders
** would if the kept texts stood before all others.
**
**   copies    a kept text with the same folded bytes: by hash, then byte by byte; looked no further
**   bands     band by band: the kept texts' keys sorted, with a directory by their upper bits, and
**             every text looks its own key up. A text's proposals are gathered over all bands
**   verify    the exact Jaccard (verify.h) with each kept text proposed; of a kept text that many texts
**             are held against, a bitmap of its shingles turns most away before it is read
** With `exact` the join (join.h) proposes and decides instead of the bands: none is missed.
** The result does not depend on the number of threads or on the SIMD path. */
#ifndef TAMIS_AGAINST_H
#define TAMIS_AGAINST_H

#include "neardup/leaders.h"

typedef struct AgainstMatch {
  uint32_t twin;         /* the kept text; TEXT_NONE: none matches */
  double jaccard;        /* NaN for none */
} AgainstMatch;

typedef struct AgainstCounts { size_t kept, matched, copies, candidates; } AgainstCounts;

/* The texts of one source and behind them those of another: all, or those at pick[0..n). Both have
** one unit and one mask. */
typedef struct TwoTexts {
  TextSource source;
  const TextSource *a, *b;
  const uint32_t *pick;   /* NULL: all */
} TwoTexts;
TwoTexts two_texts(const TextSource *a, const TextSource *b, const uint32_t *pick, size_t n);

/* Of p: what sketches, shingle, threshold, exact, path. The sources have one
** unit and one mask. out[texts->n]. 0; -1 with err worded;
** POOL_INTERRUPTED. */
int against_find(const TextSource *kept, const TextSource *texts, const LeaderParams *p, Pool *pool,
                 AgainstMatch *out, AgainstCounts *counts, Error *err);

#endif
