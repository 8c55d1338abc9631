/* modules/lang/lang_op.h - the row operator that keeps rows of some languages. The heads of some
** fields are judged as one text: short questions and short answers tell more together. */
#ifndef TAMIS_LANG_OP_H
#define TAMIS_LANG_OP_H

#include "core/error.h"
#include "corpus/rowop.h"

typedef struct LangRule {
  const Field *field;        /* [nfields], at most FIELD_COUNT */
  size_t nfields;
  size_t max_bytes;          /* read of each field */
  const Span *keep;          /* [nkeep] codes; none: every language is kept */
  size_t nkeep;
  double min_confidence;
  int keep_undetermined;
  const char *other, *low, *undetermined;   /* reasons */
  const char *annotation, *metric;
} LangRule;

/* Copies the rule. NULL with err worded, also where the build lacks CLD2. */
RowOp *lang_op(const LangRule *rule, Error *err);

#endif
