/* modules/rules/completion.h - is a text as long as its row says it should be? The completion ratio is its length
** to the length that stands at a path of the row. */
#ifndef TAMIS_COMPLETION_H
#define TAMIS_COMPLETION_H

#include "core/error.h"
#include "corpus/rowop.h"

typedef struct CompletionSpec {
  Field field;
  Span path;              /* of the expected length: a number above 0, or a text of digits; else the row passes */
  int characters;         /* lengths are code points, not tokens */
  double least;           /* a smaller ratio rejects */
  const char *reason, *metric;
} CompletionSpec;

/* path and names are copied. NULL with err worded: out of memory. */
RowOp *completion_op(const CompletionSpec *spec, Error *err);

#endif
