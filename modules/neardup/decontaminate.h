/* modules/neardup/decontaminate.h - rows that repeat the gold set leave; the gold set stays as it
** is. A row is held against the gold rows on its input with output, and on its input alone, as a
** copy (gold.h), and all its strings are searched for runs of a gold question's words (overlap.h). */
#ifndef TAMIS_DECONTAMINATE_H
#define TAMIS_DECONTAMINATE_H

#include "neardup/gold.h"
#include "neardup/overlap.h"

typedef struct GoldVerdict {
  GoldMatch match;
  int input_alone;    /* found on the input alone; where both match alike the whole row is named */
} GoldVerdict;

typedef struct DecontaminateParams {
  unsigned shingle;
  double threshold;
  int input_alone;    /* judge on the input alone too */
  int exact_only;     /* copies alone count, not near ones */
  const OverlapParams *overlap;   /* NULL: runs of words are not looked for */
  TemplateParams shared;   /* what all rows share is no copy of a gold row: left out on both sides */
} DecontaminateParams;

/* out[nrows] for rows[0..nrows) of view, against the standing rows of gold: match.twin is a row of
** gold's corpus, or TEXT_NONE. 0; -1 with err worded; POOL_INTERRUPTED. */
int decontaminate(const View *view, const uint32_t *rows, size_t nrows, const View *gold,
                  const DecontaminateParams *p, Pool *pool, GoldVerdict *out, Error *err);

#endif
