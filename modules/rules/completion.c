/* modules/rules/completion.c - see completion.h */
#include "rules/completion.h"

#include <stdlib.h>

#include "rules/rules.h"
#include "rules/rules_op.h"
#include "text/tokens.h"

typedef struct CompletionOp {
  RowOp op;
  CompletionSpec spec;
  char *path, *reason;
} CompletionOp;

/* 0 where there is none. */
static double expected_length(Value v) {
  double n = 0;
  if (v.type == VALUE_INT) return (double)v.integer;
  if (v.type == VALUE_DOUBLE) return v.number;
  if (v.type != VALUE_STRING || v.text.len > 15) return 0;
  for (size_t i = 0; i < v.text.len; i++) {
    if (!rules_digit(v.text.ptr[i])) return 0;
    n = n * 10 + (v.text.ptr[i] - '0');
  }
  return n;
}

static int run(const RowOp *op, Row *row, Out *out) {
  const CompletionOp *c = (const CompletionOp *)op;
  double expected = expected_length(row_path(row, c->spec.path));
  if (!(expected > 0)) return 0;
  Span text = row_field(row, c->spec.field);
  if (text.ptr == NULL) return 0;
  double ratio = (double)(c->spec.characters ? rules_points(text) : tokens_count(text)) / expected;
  if (out_metric(out, 0, ratio) != 0) return -1;
  if (ratio >= c->spec.least) return 0;
  return rules_reject(row, out, c->reason, &(RuleEvidence){ .field = c->spec.field, .value = ratio,
                                                            .threshold = c->spec.least });
}

static void destroy(RowOp *op) {
  CompletionOp *c = (CompletionOp *)op;
  free(c->path);
  free(c->reason);
  free(c);
}

RowOp *completion_op(const CompletionSpec *spec, Error *err) {
  CompletionOp *c = calloc(1, sizeof *c);
  if (c == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&c->op, run, destroy);
  c->spec = *spec;
  c->path = malloc(spec->path.len + 1);
  c->reason = strdup(spec->reason);
  if (c->path == NULL || c->reason == NULL || rowop_add_metric(&c->op, spec->metric) < 0) {
    error_memory(err);
    rowop_unref(&c->op);
    return NULL;
  }
  memcpy(c->path, spec->path.ptr, spec->path.len);
  c->spec.path.ptr = c->path;
  return &c->op;
}
