/* modules/cosine/semantic_dedup.h - the stage semantic_dedup on a view: verdicts for its standing rows, from the vectors
** that hang on it. Rows without a vector match nobody. Trusted rows are visited before all others. */
#ifndef TAMIS_SEMANTIC_DEDUP_H
#define TAMIS_SEMANTIC_DEDUP_H

#include "cosine/semantic.h"
#include "neardup/neardup.h"

typedef struct SemanticStage {
  const Vectors *vectors;
  unsigned fields;          /* what was embedded, for the evidence; 0: not known; `longest` goes by NEARDUP_FIELDS */
  LeaderParams leaders;     /* as in SemanticParams, with longest and most_rows; rank is one number a row of the corpus */
  size_t list;              /* as in SemanticParams */
  int approximate;          /* the first visit looks for pairs by approximate.h */
} SemanticStage;

typedef struct SemanticCounts {
  size_t rows, without;     /* that stand; of these, rows without a vector */
  ClusterFigures clusters;  /* as in NeardupCounts */
  uint32_t loosest_twin;
  size_t open;
  CosineFigures search;
  ApproximateFigures approximate;   /* zeros where the search was exact */
} SemanticCounts;

/* Reason semantic_duplicate; metric cosine of rejected rows; all verified pairs. NULL with err worded, or with err->text
** "" when interrupted. counts may be NULL. */
VerdictList *semantic_dedup(const View *v, const SemanticStage *s, Pool *pool, SemanticCounts *counts, Error *err);
/* The same for rows visited again: each held against all that stand. */
VerdictList *semantic_dedup_again(const View *v, const SemanticStage *s, const NeardupAgain *again, Pool *pool,
                                  Error *err);
/* Other thresholds for the same rows, from the evidence: as neardup_sweep. */
int semantic_dedup_sweep(const View *v, const SemanticStage *s, const SweepEvidence *e, const SweepParams *p, Pool *pool,
                         SweepStep *step, Error *err);

#endif
