/* modules/neardup/spans_op.h - repeated spans of a view's standing rows (spans.h), and the row
** operator that says of each row what was found: metric "share", and by action
**   report   nothing more
**   reject   reason "repeated_spans" where the share is above max_share
**   cut      the spans leave their strings, with the white space behind them; a row with a field
**            of which nothing would be left is rejected, reason "nothing_left"
** Rows of a trusted source are visited first and stay as they are. Evidence: share and threshold,
** and "repeated": [{"field", "path", "start", "end", "twin": {"source", "line"}}], code points. */
#ifndef TAMIS_SPANS_OP_H
#define TAMIS_SPANS_OP_H

#include "corpus/rowop.h"
#include "neardup/spans.h"

typedef enum SpansAction { SPANS_REPORT, SPANS_REJECT, SPANS_CUT } SpansAction;

/* The operator serves rows of this view and none made of it later; it holds the corpus, not the
** view. *found is owned by it. NULL with err worded, or with err->text "" when interrupted. */
RowOp *spans_op_new(const View *view, unsigned fields, unsigned tokens, SpansAction action,
                    double max_share, Pool *pool, const Spans **found, Error *err);
/* The row of text t. */
uint32_t spans_op_row(const RowOp *op, uint32_t text);
/* The text of tokens [from, to) of a row as it stands in its string; ptr NULL if out of memory. */
Span spans_text(const Row *row, unsigned fields, uint32_t from, uint32_t to);

#endif
