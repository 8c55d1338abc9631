/* modules/conflict/conflict_op.c - see conflict_op.h */
#include "conflict/conflict_op.h"

#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"

typedef struct ConflictOp {
  RowOp op;
  Corpus *corpus;
  ConflictParams p;
  Conflicts found;
  uint32_t *place;      /* [nrows] in found; TEXT_NONE: the row stood no more */
} ConflictOp;

static int reject(const ConflictOp *op, const ConflictRow *r, Out *out) {
  const RowRec *twin = &op->corpus->rows[op->found.row[r->twin]];
  const char *signal = conflict_signal_names[r->signal];
  Buf b = { 0 };
  int bad = buf_str(&b, "{\"field\":") != 0 || json_out_string(&b, span_str(field_name(op->p.output))) != 0 ||
            buf_str(&b, ",\"signal\":") != 0 || json_out_string(&b, span_str(signal)) != 0 ||
            buf_str(&b, ",\"value\":") != 0 || evidence_number(&b, r->output) != 0;
  if (!bad && r->signal == CONFLICT_DIFFERENT)
    bad = buf_str(&b, ",\"threshold\":") != 0 || evidence_number(&b, op->p.rules.max_similarity) != 0;
  bad = bad || buf_str(&b, ",\"input_similarity\":") != 0 || evidence_number(&b, r->input) != 0 ||
        buf_printf(&b, ",\"rows\":%u,\"twin\":{\"source\":", r->rows) != 0 ||
        json_out_string(&b, span_str(op->corpus->sources[twin->source].path)) != 0 ||
        buf_printf(&b, ",\"line\":%u}}", twin->line) != 0 || out_reject_json(out, signal, buf_span(&b)) != 0;
  buf_free(&b);
  return bad ? -1 : 0;
}

static int run(const RowOp *base, Row *row, Out *out) {
  const ConflictOp *op = (const ConflictOp *)base;
  uint32_t place = row->index < op->corpus->nrows ? op->place[row->index] : TEXT_NONE;
  if (place == TEXT_NONE) return 0;
  const ConflictRow *r = &op->found.found[place];
  if (out_metric(out, 0, r->lowest) != 0 || out_metric(out, 1, r->rows) != 0) return -1;
  if (r->twin == TEXT_NONE) return 0;
  Value signal = { .type = VALUE_STRING, .text = span_str(conflict_signal_names[r->signal]) };
  if (out_annotate(out, span_str("conflict"), signal) != 0) return -1;
  return r->rejected ? reject(op, r, out) : 0;
}

static void destroy(RowOp *base) {
  ConflictOp *op = (ConflictOp *)base;
  conflict_rules_free(&op->p.rules);
  conflicts_free(&op->found);
  corpus_unref(op->corpus);
  free(op->place);
  free(op);
}

RowOp *conflict_op_new(const View *view, const ConflictParams *p, Pool *pool, Error *err) {
  ConflictOp *op = calloc(1, sizeof *op);
  err->text[0] = '\0';
  if (op == NULL) {
    ConflictRules given = p->rules;
    conflict_rules_free(&given);
    error_memory(err);
    return NULL;
  }
  rowop_init(&op->op, run, destroy);
  op->corpus = corpus_ref(view->corpus);
  op->p = *p;
  size_t bytes = (view->corpus->nrows + (size_t)1) * sizeof *op->place;
  op->place = malloc(bytes);
  int r = op->place == NULL || rowop_add_metric(&op->op, "output_similarity") < 0 ||
                  rowop_add_metric(&op->op, "rows") < 0 ? error_memory(err) : 0;
  if (r == 0) r = conflict_find(view, &op->p, pool, &op->found, err);
  op->p.rank = NULL, op->p.near = NULL;   /* the caller's */
  if (r != 0) {
    rowop_unref(&op->op);
    return NULL;
  }
  memset(op->place, 0xFF, bytes);
  for (size_t i = 0; i < op->found.n; i++) op->place[op->found.row[i]] = (uint32_t)i;
  return &op->op;
}

const Conflicts *conflict_op_found(const RowOp *op) { return &((const ConflictOp *)op)->found; }
