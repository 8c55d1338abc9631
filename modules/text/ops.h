/* modules/text/ops.h - the row operators of the text rules. Thresholds and names come from the
** stages' tables. Each returns NULL with err worded when it cannot be made. Names are copied. */
#ifndef TAMIS_TEXT_OPS_H
#define TAMIS_TEXT_OPS_H

#include "core/error.h"
#include "corpus/rowop.h"
#include "text/topics.h"

/* Tokens of one field must lie in min..max; HUGE_VAL and -HUGE_VAL are no bounds. A row without
** the field passes. */
typedef struct LengthBound {
  Field field;
  double min, max;
  const char *below, *above;   /* reasons */
  const char *metric;          /* "input_tokens" */
} LengthBound;
enum { LENGTH_MAX_BOUNDS = FIELD_COUNT };
RowOp *length_op(const LengthBound *bounds, size_t n, Error *err);

/* Rejects a field of min_words or more whose share of repeated bigrams is above max; texts of
** fewer words have no metric. */
typedef struct RepetitionRule {
  Field field;
  double max;
  size_t min_words;
  const char *reason, *metric;
} RepetitionRule;
RowOp *repetition_op(const RepetitionRule *rule, Error *err);

/* Annotates each row with the name of the first rule that a field's text meets. The operator
** takes over topics, also when it fails. names[nrules] by rule; unknown where none does. */
RowOp *topics_op(Topics *topics, Field field, Span annotation, const Span *names,
                 size_t nrules, Span unknown, Error *err);

#endif
