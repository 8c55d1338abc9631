/* modules/classify/classify_op.h - the row operator that scores every string of a row, and a model that several
** operators share. */
#ifndef TAMIS_CLASSIFY_OP_H
#define TAMIS_CLASSIFY_OP_H

#include "classify/classify.h"
#include "corpus/rowop.h"
#include "text/topics.h"

typedef struct Model {
  Classify *classify;
  atomic_int refs;
} Model;

Model *model_new(Classify *c);    /* one reference; takes over c, also when it fails: NULL if out of memory */
Model *model_ref(Model *m);
void model_unref(Model *m);       /* NULL is left alone */

typedef struct ClassifyRule {
  Model *model;            /* scores a string; NULL: phrases alone */
  Topics *phrases;         /* a string in which one stands has score 1; NULL: none */
  double threshold;        /* a score above it is too much */
  int tag;                 /* annotate such a row, do not reject it */
  const char *reason, *annotation, *metric;
} ClassifyRule;

/* Every string of the row but its id is scored; the highest counts and is the metric. Evidence is {"field", "value",
** "threshold", "spans"}: the window, or the phrase's string. Takes over phrases, also when it fails: NULL with err
** worded. Refers to the model; copies the names. */
RowOp *classify_op(const ClassifyRule *rule, Error *err);

#endif
