/* modules/neardup/leaders.h - near duplicates by leader: texts are visited in order, and one that
** a kept, already visited text matches is rejected. So no two kept texts match (as far as bands
** propose them), and each rejected one names a kept text and the figure.
**
**   sketch    every text folded, hashed and sketched once      -> keys [n][bands]
**   groups    texts connected by equal keys (lsh.h)             groups share no key
**   judge     group by group, in parallel, each in visiting order: candidates are the kept texts
**             of the group that share a key; each is verified (verify.h), none is trusted
**
** Exact copies need no comparison: a copy of a kept text matches it at 1; a copy of a rejected
** one takes its best match and looks only at texts kept since.
** Where pairs of rejected texts count too (components, evidence), each group's pairs are verified
** first (pairs.h) and clusters are taken from them (cluster.h).
**
** What the pairs hold, so that another threshold can be tried on them (sweep.h): every two texts that
** a band proposes (exact join: every two texts) and that have a Jaccard at the floor or above are a
** pair, but for two kinds: two texts that are both open, and an exact copy with another text than
** one before it of its like. So for any threshold at the floor or above the clusters of texts that are
** not open follow from the pairs alone, those of open ones once the open texts were compared with
** each other.
**   leader               open: in a group of three or more, the first rejected text that is no copy of
**                        a kept one, and all that are visited after it
**   components           open: clusters of three texts or more, copies not counted
**   evidence             open: groups of more than evidence_pairs candidate pairs a text, whole where the floor
**                        lies below the threshold, else as above
**   exact join           open: none; or, where the pairs of rejected texts are too many to list, these;
**                        with evidence all texts where pairs below the threshold are too many
** The result does not depend on the number of threads or on the SIMD path. */
#ifndef TAMIS_LEADERS_H
#define TAMIS_LEADERS_H

#include "neardup/cluster.h"
#include "neardup/memory.h"
#include "neardup/sketch.h"
#include "vectors/vectors.h"

typedef struct LeaderParams {
  unsigned shingle;         /* code points, 1 .. GRAMS_MAX_SHINGLE, or words, 1 .. GRAMS_MAX_WORDS */
  unsigned hashes;          /* slots of a sketch */
  unsigned bands, rows;     /* bands of so many slots; bands * rows <= hashes */
  /* of these bands the last short_bands are of short_rows slots instead, and only texts of
  ** short_most shingles or fewer have them (sketch.h) */
  unsigned short_bands, short_rows, short_most;
  double threshold;         /* matches at this exact Jaccard or above */
  double floor;             /* pairs are recorded from here on; <= threshold */
  const uint8_t *first;     /* [n] texts of a higher number are visited earlier (1: trusted); NULL: none */
  const uint8_t *barred;    /* [n] texts that are rejected where they match and else kept by nobody: no
                            ** text names them (their twin is TEXT_NONE); NULL: none */
  const double *rank;       /* [n] higher is visited earlier; NULL: all alike. Ties by place */
  int longest;              /* rank is the length in code points */
  ClusterMode mode;         /* what clusters are (cluster.h) */
  int evidence;             /* all pairs at the floor are wanted, also those that decide nothing, */
  size_t evidence_pairs;    /* up to so many a text of a group (lsh.h); a group of more is left open */
  size_t most_rows;         /* neardup_leaders: clusters of more are counted; 0: none */
  int keep_keys;            /* give Leaders.keys */
  NeardupMemory *memory;    /* neardup_leaders: where to keep what a second visit needs; NULL: nowhere */
  int exact;                /* neardup_leaders: the sketches only begin, the exact join ends (leaders_exact.h) */
  SimdPath path;
  TextParams text;          /* neardup_leaders, neardup_recall: set in the texts that they make */
  /* A match must be confirmed by the cosine of the rows' vectors, at `cosine` or above (leader alone, without evidence and
  ** the exact join; floor is the threshold); NULL: no confirmation. Texts without a vector match nobody. */
  const Vectors *vectors;
  double cosine;
  const uint32_t *row;      /* [n] the row of a text; neardup_leaders sets it */
} LeaderParams;

typedef struct Leaders {
  size_t n, rejected;
  uint32_t *twin;           /* [n] the kept match of highest Jaccard, first of equals; TEXT_NONE: kept */
  double *jaccard;          /* [n] with the twin; of a kept text the highest with one that it would match but for
                            ** the cosine; NaN: there is none */
  uint32_t *via;            /* [n] components (cluster.h); NULL otherwise */
  double *via_jaccard;      /* [n]; NULL */
  TextPair *pair;           /* [npairs] by a, b: verified pairs at the floor or above, at least those of
                            ** every text with every kept one before it; of an exact copy that with
                            ** one of its like, at 1, says the rest. See `open` */
  size_t npairs;
  uint8_t *open;            /* [n] texts that may have a pair that is not in `pair` */
  size_t groups, largest;   /* groups of two or more; texts in the largest */
  uint32_t *keys;           /* [n][lsh_stride(bands)] by spill_alloc, if asked for */
  size_t candidates;        /* pairs proposed */
  size_t verified;          /* of these, pairs whose shingles were compared */
  size_t refuted;           /* pairs at the threshold whose cosine was too low */
  size_t unknown;           /* pairs at the threshold of which one has no vector */
} Leaders;

SketchPlan leaders_plan(const LeaderParams *p);

/* 0; -1 with err worded; or POOL_INTERRUPTED. *out is empty unless 0. */
int leaders_find(const TextSource *src, const LeaderParams *p, Pool *pool, Leaders *out, Error *err);
/* Places of texts in visiting order: order[n]. 0, -1 if out of memory, POOL_INTERRUPTED. */
int leaders_order(const TextSource *src, const LeaderParams *p, Pool *pool, uint32_t *order);
/* Clusters of out->pair: twin, jaccard, via and how many are rejected. order, same: as in cluster.h.
** 0; -1 if out of memory; POOL_INTERRUPTED. */
int leaders_settle(const TextSource *src, const LeaderParams *p, const uint32_t *order, const uint32_t *same,
                   Pool *pool, Leaders *out);
void leaders_free(Leaders *l);   /* frees and empties */

#endif
