/* modules/rules/dates_op.c - the operator of dates.h */
#include <stdio.h>
#include <stdlib.h>

#include "rules/dates.h"
#include "rules/rules_op.h"

enum { DAYS_AFTER, UNDATED, UNREADABLE };

typedef struct DatesOp {
  RowOp op;
  DatesSpec spec;
  char *path;
} DatesOp;

typedef enum RowDate { ROW_DATE, ROW_DATE_MISSING, ROW_DATE_UNREADABLE } RowDate;

static RowDate row_date(const DatesOp *d, Row *row, int64_t *day) {
  Value v = row_path(row, d->spec.path);
  int ok = 0;
  if (v.type == VALUE_NONE || (v.type == VALUE_STRING && v.text.len == 0)) return ROW_DATE_MISSING;
  if (v.type == VALUE_STRING) ok = dates_of_text(v.text, d->spec.row_order, day);
  else if (v.type == VALUE_INT) ok = dates_of_number((double)v.integer, day);
  else if (v.type == VALUE_DOUBLE) ok = dates_of_number(v.number, day);
  return ok ? ROW_DATE : ROW_DATE_UNREADABLE;
}

static int reject_later(const DatesOp *d, Row *row, Out *out, int64_t day, const DateFound *latest) {
  char more[128], own[32], found[32];
  dates_write(day, own);
  dates_write(latest->day, found);
  snprintf(more, sizeof more, "\"row_date\":\"%s\",\"text_date\":\"%s\",", own, found);
  return rules_reject(row, out, "future_date", &(RuleEvidence){ .field = d->spec.field,
    .value = (double)(latest->day - day), .threshold = d->spec.slack, .start = latest->start, .end = latest->end,
    .type = "DATE", .more = more });
}

static int run(const RowOp *op, Row *row, Out *out) {
  const DatesOp *d = (const DatesOp *)op;
  int64_t day = 0;
  RowDate own = row_date(d, row, &day);
  if (out_metric(out, UNDATED, own == ROW_DATE_MISSING) != 0) return -1;
  if (out_metric(out, UNREADABLE, own == ROW_DATE_UNREADABLE) != 0) return -1;
  if (own == ROW_DATE_MISSING)
    return d->spec.reject_missing ? out_reject_detail(out, span_str("no_row_date"), d->spec.path) : 0;
  if (own == ROW_DATE_UNREADABLE)
    return d->spec.reject_unreadable ? out_reject_detail(out, span_str("bad_row_date"), d->spec.path) : 0;
  Span text = row_field(row, d->spec.field);
  DateFound f, latest = { 0, 0, INT64_MIN };
  if (text.ptr == NULL) return 0;
  for (size_t at = 0; dates_next(text, &at, &d->spec.style, &f);)
    if (f.day > latest.day) latest = f;
  if (latest.day == INT64_MIN) return 0;
  if (out_metric(out, DAYS_AFTER, (double)(latest.day - day)) != 0) return -1;
  return (double)(latest.day - day) > d->spec.slack ? reject_later(d, row, out, day, &latest) : 0;
}

static void destroy(RowOp *op) {
  free(((DatesOp *)op)->path);
  free(op);
}

RowOp *dates_op(const DatesSpec *spec, Error *err) {
  DatesOp *d = calloc(1, sizeof *d);
  if (d == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&d->op, run, destroy);
  d->spec = *spec;
  d->path = malloc(spec->path.len + 1);
  if (d->path == NULL || rowop_add_metric(&d->op, "days_after") < 0 || rowop_add_metric(&d->op, "undated") < 0 ||
      rowop_add_metric(&d->op, "unreadable") < 0) {
    error_memory(err);
    rowop_unref(&d->op);
    return NULL;
  }
  memcpy(d->path, spec->path.ptr, spec->path.len);
  d->spec.path.ptr = d->path;
  return &d->op;
}
