/* tests/bench/bench_group.c - what the frame of a stage costs a row, beyond its operators.
** CPU time, best of several; 200,000 rows of one input and one output. */
#include <stdio.h>
#include <time.h>

#include "corpus/view.h"
#include "tests/fixture.h"

enum { ROWS = 200000, ROUNDS = 7 };

static double cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int run_nothing(const RowOp *op, Row *row, Out *out) { (void)op, (void)row, (void)out; return 0; }
static int run_metric(const RowOp *op, Row *row, Out *out) {
  (void)op;
  return out_metric(out, 0, (double)row_field(row, FIELD_OUTPUT).len);
}
static int run_reject(const RowOp *op, Row *row, Out *out) {
  (void)op;
  if (row->index % 4 != 0) return 0;
  return out_reject_threshold(out, "every_fourth", FIELD_OUTPUT, 1, 2);
}
static int run_edit(const RowOp *op, Row *row, Out *out) {
  (void)op;
  RowString s;
  if (row_field_strings(row, FIELD_OUTPUT, &s, 1) != 1) return 0;
  return out_edit(out, &s, span_of(s.text.ptr, s.text.len / 2));
}
static int run_annotate(const RowOp *op, Row *row, Out *out) {
  (void)op;
  return out_annotate(out, span_str("parity"), (Value){ .type = VALUE_INT, .integer = row->index % 2 });
}
static void destroy(RowOp *op) { (void)op; }

/* What --profile adds to a group, and what the group costs without it. */
static void measure_timed(const View *v, Pool *pool, int n, int (*run)(const RowOp *, Row *, Out *)) {
  RowOp op[8], *ops[8] = { NULL };
  uint16_t stage[8] = { 0 };
  GroupTime time[9] = { { 0 } };
  double best[2] = { 1e30, 1e30 };
  for (int i = 0; i < n; i++) {
    rowop_init(&op[i], run, destroy);
    rowop_add_metric(&op[i], "m");
    ops[i] = &op[i];
  }
  for (int i = 0; i < 4 * ROUNDS; i++) {
    double from = cpu_ns();
    View *w = view_run_group_timed(v, pool, ops, stage, (size_t)n, NULL, 0, i % 2 ? time : NULL, NULL);
    double ns = cpu_ns() - from;
    if (w == NULL) abort();
    view_unref(w);
    if (ns < best[i % 2]) best[i % 2] = ns;
  }
  printf("%-28s %8.1f ns/row, %.1f%% over %.1f\n", "group_8_metrics_profiled", best[1] / ROWS,
         100 * (best[1] / best[0] - 1), best[0] / ROWS);
  for (int i = 0; i < n; i++) rowop_unref(&op[i]);
}

static void measure(const View *v, Pool *pool, const char *name, int n, int (*run)(const RowOp *, Row *, Out *), int metric) {
  RowOp op[8], *ops[8] = { NULL };
  uint16_t stage[8] = { 0 };
  char label[16];
  for (int i = 0; i < n; i++) {
    rowop_init(&op[i], run, destroy);
    if (metric) rowop_add_metric(&op[i], "m");
    ops[i] = &op[i];
    snprintf(label, sizeof label, "s%d", i);
    stage[i] = (uint16_t)corpus_stage(v->corpus, span_str(label));
  }
  double best = 1e30;
  for (int i = 0; i < ROUNDS; i++) {
    double from = cpu_ns();
    View *w = view_run_group(v, pool, ops, stage, (size_t)n, NULL, 0, NULL);
    double ns = cpu_ns() - from;
    if (w == NULL) abort();
    view_unref(w);
    if (ns < best) best = ns;
  }
  printf("%-28s %8.1f ns/row\n", name, best / ROWS);
  for (int i = 0; i < n; i++) rowop_unref(&op[i]);
}

int main(void) {
  static const char **line;
  line = malloc(ROWS * sizeof *line);
  for (int i = 0; i < ROWS; i++) {
    char *s = malloc(160);
    snprintf(s, 160, "{\"input\": \"How do I reset the password of account %d?\", \"output\": \"Open the settings, press \\\"reset\\\" and follow the mail.\"}", i);
    line[i] = s;
  }
  View *v = view_new(fixture_corpus(line, ROWS));
  Pool *pool = pool_new(2);
  measure(v, pool, "group_empty_op", 1, run_nothing, 0);
  measure(v, pool, "group_8_empty_ops", 8, run_nothing, 0);
  measure(v, pool, "group_metric_of_output", 1, run_metric, 1);
  measure(v, pool, "group_8_metrics_of_output", 8, run_metric, 1);
  measure_timed(v, pool, 8, run_metric);
  measure(v, pool, "group_reject_a_quarter", 1, run_reject, 0);
  measure(v, pool, "group_annotate_all", 1, run_annotate, 0);
  measure(v, pool, "group_edit_all", 1, run_edit, 0);
  pool_free(pool);
  return 0;
}
