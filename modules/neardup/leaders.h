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
** The result does not depend on the number of threads or on the SIMD path. */
#ifndef TAMIS_LEADERS_H
#define TAMIS_LEADERS_H

#include "neardup/sketch.h"
#include "neardup/texts.h"

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
  int exact;                /* neardup_leaders: the sketches only begin, the exact join ends (leaders_exact.h) */
  SimdPath path;
  TextParams text;          /* neardup_leaders, neardup_recall: set in the texts that they make */
} LeaderParams;

typedef struct TextPair { uint32_t a, b; double jaccard; } TextPair;   /* a < b */

typedef struct Leaders {
  size_t n, rejected;
  uint32_t *twin;           /* [n] the kept match of highest Jaccard, first of equals; TEXT_NONE: kept */
  double *jaccard;          /* [n] with the twin; NaN for a kept text */
  TextPair *pair;           /* [npairs] by a, b: every text with every kept one before it at the
                            ** floor or above; an exact copy only with its twin */
  size_t npairs;
  size_t groups, largest;   /* groups of two or more; texts in the largest */
  size_t candidates;        /* pairs proposed */
  size_t verified;          /* of these, pairs whose shingles were compared */
} Leaders;

SketchPlan leaders_plan(const LeaderParams *p);

/* 0; -1 with err worded; or POOL_INTERRUPTED. *out is empty unless 0. */
int leaders_find(const TextSource *src, const LeaderParams *p, Pool *pool, Leaders *out, Error *err);
/* Places of texts in visiting order: order[n]. 0, -1 if out of memory, POOL_INTERRUPTED. */
int leaders_order(const TextSource *src, const LeaderParams *p, Pool *pool, uint32_t *order);
void leaders_free(Leaders *l);   /* frees and empties */

#endif
