/* modules/classify/classify_op.h - the row operator that scores the strings of a row, and a model that several
** operators share: one of tamis fit (classify.h), or a published fastText model (lang/fasttext.h). */
#ifndef TAMIS_CLASSIFY_OP_H
#define TAMIS_CLASSIFY_OP_H

#include "classify/classify.h"
#include "corpus/rowop.h"
#include "lang/fasttext.h"
#include "text/topics.h"

typedef struct Model {
  Classify *classify;      /* or */
  FastText *fasttext;
  char *label;             /* of fasttext: its probability is the score */
  atomic_int refs;
} Model;

Model *model_new(Classify *c);    /* one reference; takes over c, also when it fails: NULL if out of memory */
/* The same of a fastText model and the label that says yes; takes over f, also when it fails.
** NULL with err worded: out of memory, or no such label. */
Model *model_fasttext(FastText *f, Span label, Error *err);
/* A fastText model scores the text as a whole; a score below 0: out of memory. */
ClassifyResult model_score(const Model *m, Span text);
Model *model_ref(Model *m);
void model_unref(Model *m);       /* NULL is left alone */

typedef struct ClassifyRule {
  Model *model;            /* scores a string; NULL: phrases alone */
  Topics *phrases;         /* a string in which one stands has score 1; NULL: none */
  double threshold;        /* a score above it is too much */
  uint32_t fields;         /* 1 << Field of those whose strings are scored; 0: every string of the row but its id */
  int tag;                 /* annotate such a row, do not reject it */
  const char *reason, *annotation, *metric;
} ClassifyRule;

/* Each such string of the row is scored; the highest counts and is the metric. Evidence is {"field", "value",
** "threshold", "spans"}: the window, or the phrase's string. Takes over phrases, also when it fails: NULL with err
** worded. Refers to the model; copies the names. */
RowOp *classify_op(const ClassifyRule *rule, Error *err);

#endif
