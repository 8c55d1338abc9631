/* modules/conflict/conflict_op.h - the row operator that says what conflict_find found: the metrics
** "output_similarity" (the lowest with another answer to the same question) and "rows" (how many contradict), the
** annotation "conflict" (the signal), and, of rows that go, the reason: the signal's name. Evidence: field, signal,
** value (similarity of the outputs), input_similarity, rows, twin {source, line}; of "different" the threshold. */
#ifndef TAMIS_CONFLICT_OP_H
#define TAMIS_CONFLICT_OP_H

#include "conflict/conflict.h"

/* Serves rows of this view. Takes over p->rules, also when it fails. NULL with err worded, or with err->text ""
** when interrupted. */
RowOp *conflict_op_new(const View *view, const ConflictParams *p, Pool *pool, Error *err);
const Conflicts *conflict_op_found(const RowOp *op);

#endif
