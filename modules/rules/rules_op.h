/* modules/rules/rules_op.h - the row operators of the rules. Thresholds, names and lists come from
** the stages' tables and are copied. Each returns NULL with err worded when it cannot be made.
** Evidence is {"field", "value", "threshold", "spans"}: the span is of the string that it names. */
#ifndef TAMIS_RULES_OP_H
#define TAMIS_RULES_OP_H

#include "corpus/rowop.h"
#include "rules/rules.h"

/* One measure must lie in min..max; HUGE_VAL and -HUGE_VAL are no bounds. A text without the figure passes. */
typedef struct RuleBound {
  int measure;
  double min, max;
  const char *below, *above;   /* reasons */
  const char *metric;
} RuleBound;

typedef struct RuleSpec {
  const RuleKernel *kernel;
  RuleSetup setup;             /* wanted is filled in from the bounds */
  Field field;                 /* FIELD_NONE: every string of the row for itself, figures added up */
  Field against;               /* the other text; FIELD_NONE: none. A row without it passes */
  const RuleBound *bound;      /* [nbounds], at most ROWOP_MAX_METRICS */
  size_t nbounds;
} RuleSpec;
RowOp *rules_op(const RuleSpec *spec, Error *err);

/* Evidence of a figure: bytes start..end of a field (joined by line feeds) or, where string is not
** NULL, of that string. No span is written where end is start. 0, or -1 if out of memory. */
typedef struct RuleEvidence {
  Field field;
  const RowString *string;
  double value, threshold;
  size_t start, end;
  const char *type;            /* of the span; NULL: none */
  const char *more;            /* further members, a comma behind each: "\"row_date\":\"2024-01-05\","; NULL: none */
} RuleEvidence;
int rules_reject(Row *row, Out *out, const char *reason, const RuleEvidence *e);

#endif
