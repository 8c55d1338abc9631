/* modules/coverage/tell.h - can a linear classifier tell the vectors of two sets apart? Its AUC on folds that it has not
** seen: 0.5 where it cannot, 1 where it always can. L2-regularised logistic regression over the vectors less their mean,
** by dual coordinate descent (classify/train.h says whose). */
#ifndef TAMIS_COVERAGE_TELL_H
#define TAMIS_COVERAGE_TELL_H

#include "vectors/vectors.h"

enum { TELL_MAX_FOLDS = 32 };

typedef struct TellItem {
  const Vectors *vectors;
  uint32_t row;
  uint8_t other;         /* 1: of the second set */
  uint8_t fold;          /* 0 .. folds - 1: things alike stand in one */
} TellItem;

typedef struct TellParams { unsigned folds, passes; double c; uint64_t seed; } TellParams;
typedef struct Tell {
  uint32_t first, second;   /* items with a vector */
  unsigned folds;           /* that have items of both sets inside and outside */
  double auc, error;        /* mean of these, and its standard error; NAN where there are none (error: fewer than two) */
} Tell;

/* All vectors are of one dim. Same result for any number of threads. 0; -1 with err worded; POOL_INTERRUPTED. */
int tell_apart(const TellItem *item, size_t n, const TellParams *p, Pool *pool, Tell *out, Error *err);
/* The area under the ROC curve of scores, ties counted half; NAN where one side is empty. Puts both in order. */
double tell_auc(double *score, uint8_t *positive, size_t n);

#endif
