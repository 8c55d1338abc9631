/* modules/neardup/sweep.h - what near_dedup (or semantic_dedup) would keep at other thresholds, from the pairs that
** it left.
**
** The clusters of texts that no chain of pairs connects with an open one (leaders.h) follow from the
** pairs: one pass over texts and pairs a threshold. The others are a set of their own, with no pair
** that leads out of it; these texts are read again and judged at each threshold, with the same bands.
** So each step is what leaders_find (exact: leaders_exact) gives at that threshold with the same
** bands and floor. */
#ifndef TAMIS_SWEEP_H
#define TAMIS_SWEEP_H

#include "neardup/leaders.h"

enum {
  SWEEP_MARGIN = 100,
  SWEEP_LISTED = 2000   /* of more texts that are read again pairs below a threshold are not listed: at worst
                        ** every two of them are one */
};

typedef struct SweepPairs {
  const TextPair *pair;     /* [npairs] */
  size_t npairs;
  const uint8_t *open;      /* [n]; NULL: none is */
} SweepPairs;

typedef struct SweepStep {
  double threshold;
  size_t kept, rejected;
  size_t compared;          /* texts that were read again */
  ClusterFigures clusters;  /* loosest: NaN where (components) a text's Jaccard with its kept one is not known */
  TextPair *taken;          /* [ntaken] rejected texts of lowest Jaccard: a is rejected, b the kept text, or
                            ** (components) the neighbour through which it is connected */
  TextPair *spared;         /* [nspared] known pairs of highest Jaccard below the threshold between two clusters;
                            ** leader: of two kept texts, b visited after a. None where more than SWEEP_LISTED
                            ** texts are read again: which pairs lie there is not known */
  size_t ntaken, nspared;
} SweepStep;

typedef struct SweepParams {
  const double *threshold;  /* [nsteps] at p->floor or above */
  size_t nsteps;
  size_t margin;            /* pairs on each side, at most SWEEP_MARGIN */
  size_t most_rows;         /* as in LeaderParams */
  /* Judges text[0..n) of the source again, in order of p->rank: for other similarities; NULL: leaders_find (exact:
  ** leaders_exact) */
  int (*judge)(void *ctx, const uint32_t *text, size_t n, const LeaderParams *p, Pool *pool, Leaders *out, Error *err);
  void *ctx;
} SweepParams;

/* p says mode, order, floor and bands; its threshold is not read. src is read for `longest` and for open
** texts alone. step [s->nsteps], freed by sweep_free. 0; -1 with err worded; POOL_INTERRUPTED. */
int sweep_find(const TextSource *src, const LeaderParams *p, const SweepPairs *pairs, const SweepParams *s,
               Pool *pool, SweepStep *step, Error *err);
void sweep_free(SweepStep *step, size_t nsteps);

#endif
