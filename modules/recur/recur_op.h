/* modules/recur/recur_op.h - the recurring sentences of a view's standing rows (recur.h), and the row operator
** that holds a row against them: metric "share", the share of its field that stands in such sentences; where
** that is more than max_share
**   reject   reason "recurring_sentences"
**   strip    the sentences leave their strings, with the white space behind them; a row of which nothing would be
**            left is rejected, reason "nothing_left"
**   tag      the annotation "boilerplate" is set to "recurring_sentences"
** Evidence: field, value, threshold, spans, and "in_rows", in how many rows each span's sentence stands. */
#ifndef TAMIS_RECUR_OP_H
#define TAMIS_RECUR_OP_H

#include "corpus/view.h"
#include "recur/recur.h"

typedef enum RecurAction { RECUR_REJECT, RECUR_STRIP, RECUR_TAG } RecurAction;

typedef struct RecurSpec {
  Field field;
  RecurAction action;
  double max_share;
  RecurParams params;             /* abbreviations: see below */
  Abbreviations abbreviations;    /* taken over, also when it fails */
} RecurSpec;

/* The operator holds what it found and serves any row. NULL with err worded, or with err->text "" when
** interrupted. */
RowOp *recur_op_new(const View *view, const RecurSpec *spec, Pool *pool, Error *err);
const Recur *recur_op_found(const RowOp *op);
/* The row that the sentence stands in first, and how it reads there; ptr NULL if out of memory. The text lives
** while scratch stays on the row. view: the one that the operator was made of. */
Span recur_op_text(const RowOp *op, const View *view, Scratch *scratch, uint32_t place, uint32_t *row);

#endif
