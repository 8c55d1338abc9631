/* modules/vectors/vectors_op.c - see vectors_op.h */
#include "vectors/vectors_op.h"

#include <stdlib.h>

typedef struct VectorsOp {
  RowOp base;
  Vectors *vectors;
  int reject;
} VectorsOp;

static const char *const words[] = {
  [VECTOR_MISSING] = "the row has no vector", [VECTOR_ZERO] = "its vector is all zero",
  [VECTOR_NOT_FINITE] = "its vector holds NaN or infinity",
};

static int run(const RowOp *base, Row *row, Out *out) {
  const VectorsOp *op = (const VectorsOp *)base;
  if (row->index >= op->vectors->nrows) return 0;
  uint8_t state = op->vectors->state[row->index];
  if (state == VECTOR_OK) return 0;
  if (!op->reject) return base->nmetrics > 0 ? out_metric(out, 0, state) : 0;
  return out_reject_detail(out, span_str(state == VECTOR_NOT_FINITE ? "bad_vector" : "no_vector"), span_str(words[state]));
}

static void destroy(RowOp *base) {
  VectorsOp *op = (VectorsOp *)base;
  vectors_unref(op->vectors);
  free(op);
}

RowOp *vectors_op(Vectors *v, int reject, int tell) {
  VectorsOp *op = calloc(1, sizeof *op);
  if (op == NULL) return NULL;
  rowop_init(&op->base, run, destroy);
  op->vectors = vectors_ref(v);
  op->reject = reject;
  if (reject || !tell || rowop_add_metric(&op->base, "no_vector") == 0) return &op->base;
  rowop_unref(&op->base);
  return NULL;
}
