/* modules/corpus/rowop.h - a row operator: what a row stage does to one row, natively.
**
** Neighbouring row stages run fused: one parallel pass, each operator in turn on each row,
** seeing the edits of those before. The runner (view.h, view_run_group) calls `run` from
** many threads at once, each with its own Scratch and Out; an operator keeps no state but what
** it was made with, or what it finds by scratch_worker. */
#ifndef TAMIS_ROWOP_H
#define TAMIS_ROWOP_H

#include <stdatomic.h>

#include "corpus/row.h"

typedef struct Out Out;   /* where an operator puts what it found on the current row */
typedef struct RowOp RowOp;

enum { ROWOP_MAX_METRICS = 24 };

struct RowOp {
  /* Returns 0; -1 if out of memory; another negative value is an error of the run, worded by
  ** out_error. What is wrong with the row is no error but out_reject. */
  int (*run)(const RowOp *op, Row *row, Out *out);
  void (*destroy)(RowOp *op);          /* frees op and what it owns */
  atomic_int refs;
  int serial;                          /* must see rows one by one, in row order */
  int skip_rejected;                   /* do not call on rows an operator before it rejected */
  int nmetrics;
  char *metrics[ROWOP_MAX_METRICS];    /* owned names without the stage's: "input_tokens" */
};

/* A made operator has one reference. Bindings hand it to Lua as a userdata of type
** ROWOP_TYPE holding the pointer, its __gc calling rowop_unref. */
#define ROWOP_TYPE "tamis.rowop"
void rowop_init(RowOp *op, int (*run)(const RowOp *, Row *, Out *), void (*destroy)(RowOp *));
int rowop_add_metric(RowOp *op, const char *name);   /* its index; -1 if out of memory or slots */
RowOp *rowop_ref(RowOp *op);
void rowop_unref(RowOp *op);                          /* NULL is left alone; frees metric names, then destroy */

/* Two operators as one, for a stage that has both: first, then second, the metrics one after the other.
** Takes over a reference of each, also when it fails: NULL if out of memory or metrics. */
RowOp *rowop_chain(RowOp *first, RowOp *second);

/* ---- what an operator may say of the current row; all return 0, or -1 if out of memory ---- */

/* A span of a string that matched, in code points of that string's text. */
typedef struct EvidenceSpan {
  const RowString *string;
  uint32_t start, end;     /* code points, end exclusive */
  const char *type;        /* "EMAIL"; may be NULL */
} EvidenceSpan;

int out_metric(Out *out, int metric, double value);   /* stored for each row, rejected or not; NaN: none */

/* Rejections. reason is a stable name. The first on a row decides; the rest stand in `also`. */
int out_reject_threshold(Out *out, const char *reason, Field field, double value, double threshold);
int out_reject_spans(Out *out, const char *reason, const EvidenceSpan *spans, size_t n);
int out_reject_detail(Out *out, Span reason, Span detail);   /* detail.ptr NULL: none */
/* evidence: a whole JSON object, written by json_out */
int out_reject_json(Out *out, const char *reason, Span evidence);

/* Sets an annotation of the row (a tag, a topic). */
int out_annotate(Out *out, Span name, Value value);
/* Replaces the whole text of one string, for later operators and for the export. A string that is
** itself JSON (tool arguments) must still parse: if it would not, the string stays and the row is
** rejected with reason "edit_breaks_json", a trusted row too. */
int out_edit(Out *out, const RowString *string, Span text);
/* A place of an edit: code points of the text that the operator read, what stood there and what was done with
** it ("EMAIL", "redact"): kept with the edit, where the text itself is not. */
typedef struct EditSpan {
  uint32_t start, end;
  const char *type, *action;
} EditSpan;
int out_edit_spans(Out *out, const RowString *string, Span text, const EditSpan *span, size_t n);

int out_rejected(const Out *out);        /* an operator before this one rejected the row */
void out_error(Out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
