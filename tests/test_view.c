/* tests/test_view.c - layers of a view, and groups of row operators. */
#include "corpus/view.h"

#include <math.h>

#include "corpus/evidence.h"
#include "corpus/revive.h"
#include "tests/check.h"
#include "tests/fixture.h"

/* ---- operators to test with ---- */

typedef struct TestOp {
  RowOp base;
  size_t longest;       /* reject_long: outputs of more bytes are rejected */
  uint32_t fail_at;     /* fail: the row */
  atomic_int *calls;
  uint32_t last;        /* ordered: the row seen last */
} TestOp;

static void op_destroy(RowOp *op) { free(op); }

static TestOp *op_new(int (*run)(const RowOp *, Row *, Out *)) {
  TestOp *op = calloc(1, sizeof *op);
  rowop_init(&op->base, run, op_destroy);
  return op;
}

static int run_long(const RowOp *base, Row *row, Out *out) {
  const TestOp *op = (const TestOp *)base;
  Span text = row_field(row, FIELD_OUTPUT);
  out_metric(out, 0, (double)text.len);
  if (text.len <= op->longest) return 0;
  return out_reject_threshold(out, "too_long", FIELD_OUTPUT, (double)text.len, (double)op->longest);
}

static TestOp *long_op(size_t longest) {
  TestOp *op = op_new(run_long);
  op->longest = longest;
  rowop_add_metric(&op->base, "bytes");
  return op;
}

/* Puts "!" behind every output. */
static int run_shout(const RowOp *base, Row *row, Out *out) {
  (void)base;
  RowString s;
  char text[4096];
  if (row_field_strings(row, FIELD_OUTPUT, &s, 1) != 1) return 0;
  int n = snprintf(text, sizeof text, "%.*s!", (int)s.text.len, s.text.ptr);
  if (out_annotate(out, span_str("shouted"), (Value){ .type = VALUE_BOOL, .integer = 1 }) != 0) return -1;
  return out_edit(out, &s, span_of(text, (size_t)n));
}

static int run_a(const RowOp *base, Row *row, Out *out) {
  (void)base;
  Span text = row_field(row, FIELD_INPUT);
  if (memchr(text.ptr, 'a', text.len) == NULL) return 0;
  return out_reject_detail(out, span_str("has_a"), span_str("an \"a\""));
}

static int run_fail(const RowOp *base, Row *row, Out *out) {
  const TestOp *op = (const TestOp *)base;
  if (row->index < op->fail_at) return out_reject_detail(out, span_str("never_seen"), (Span){ 0 });
  out_error(out, "row %u is one too many", row->index);
  return -2;
}

static int run_count(const RowOp *base, Row *row, Out *out) {
  (void)row;
  (void)out;
  atomic_fetch_add(((const TestOp *)base)->calls, 1);
  return 0;
}

static int run_ordered(const RowOp *base, Row *row, Out *out) {
  TestOp *op = (TestOp *)base;   /* serial: one thread, one row at a time */
  if (row->index != op->last++) return out_error(out, "row %u out of order", row->index), -2;
  return 0;
}

/* Reads what an earlier operator of the group said. */
static int run_reader(const RowOp *base, Row *row, Out *out) {
  (void)base;
  Value v = row_key(row, span_str("shouted"));
  return out_metric(out, 0, v.type == VALUE_BOOL ? (double)v.integer : -1);
}

/* ---- helpers ---- */

static View *group(const View *v, Pool *pool, int n, TestOp **ops, const char *const *names, Error *err) {
  RowOp *op[8] = { NULL };
  uint16_t stage[8] = { 0 };
  for (int i = 0; i < n; i++) {
    op[i] = &ops[i]->base;
    stage[i] = (uint16_t)corpus_stage(v->corpus, span_str(names[i]));
  }
  View *w = view_run_group(v, pool, op, stage, (size_t)n, NULL, 0, err);
  for (int i = 0; i < n; i++) rowop_unref(op[i]);
  return w;
}

static const char *reason(const View *v, uint32_t row) {
  const Verdict *d = view_verdict(v, row);
  return d == NULL ? "" : names_text(v->corpus->names, d->reason);
}

static int evidence_is(const View *v, const Verdict *d, const char *wanted) {
  Buf b = { 0 };
  int same = verdict_evidence(v, d, &b) == 0 && span_eq(buf_span(&b), span_str(wanted));
  if (!same) printf("evidence: %.*s\n", (int)b.len, b.ptr);
  buf_free(&b);
  return same;
}

static int field_is(const View *v, uint32_t row, Field f, const char *wanted) {
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, v, row);
  int same = span_eq(row_field(&r, f), span_str(wanted));
  scratch_free(s);
  return same;
}

static const char *const ROWS[] = {
  "{\"input\": \"ant\", \"output\": \"1234\"}",
  "{\"input\": \"bee\", \"output\": \"123456\"}",
  "{\"input\": \"cat\", \"output\": \"1\\n3456789\"}",
  "not JSON",
  "{\"input\": \"dog\", \"output\": \"12\"}",
  "{\"input\": \"no output\"}",
};
enum { NROWS = sizeof ROWS / sizeof *ROWS };

static View *rows_view(void) {
  Corpus *c = fixture_corpus(ROWS, NROWS);
  View *v = view_new(c);
  corpus_unref(c);
  return v;
}

/* ---- tests ---- */

static void lines_that_could_not_be_read_are_rejected_by_load(void) {
  View *v = rows_view();
  CHECK(v->standing == 4 && v->rejected == 2 && v->quarantined == 0);
  CHECK(view_status(v, 3) == STATUS_REJECTED && strcmp(reason(v, 3), "malformed") == 0);
  CHECK(strcmp(corpus_stage_name(v->corpus, view_verdict(v, 3)->stage), "load") == 0);
  CHECK(evidence_is(v, view_verdict(v, 3), "{\"offset\":1}") || evidence_is(v, view_verdict(v, 3), "{\"offset\":0}"));
  CHECK(strcmp(reason(v, 5), "missing_field") == 0);
  CHECK(view_verdict(v, 0) == NULL);
  view_unref(v);
}

static void a_child_changes_nothing_of_its_parent_and_siblings(void) {
  View *v = rows_view();
  Error err;
  static const char *const LEN[] = { "length" }, *const SHOUT[] = { "shout" };
  View *a = group(v, NULL, 1, (TestOp *[]){ long_op(5) }, LEN, &err);
  View *b = group(v, NULL, 1, (TestOp *[]){ op_new(run_shout) }, SHOUT, &err);
  CHECK(v->standing == 4 && a->standing == 2 && b->standing == 4);
  CHECK(view_metric(v, span_str("length.bytes")) == NULL && view_metric(b, span_str("length.bytes")) == NULL);
  const double *bytes = view_metric(a, span_str("length.bytes"));
  CHECK(bytes[0] == 4 && bytes[1] == 6 && bytes[2] == 9 && isnan(bytes[3]) && bytes[4] == 2 && isnan(bytes[5]));
  CHECK(field_is(a, 0, FIELD_OUTPUT, "1234") && field_is(b, 0, FIELD_OUTPUT, "1234!"));
  CHECK(view_annotation(a, span_str("shouted"), 0) == NAME_NONE);
  CHECK(names_value(v->corpus->names, view_annotation(b, span_str("shouted"), 0)).type == VALUE_BOOL);
  view_unref(v);   /* children live on */
  CHECK(strcmp(reason(a, 1), "too_long") == 0 && strcmp(reason(a, 3), "malformed") == 0);
  CHECK(evidence_is(a, view_verdict(a, 1), "{\"field\":\"output\",\"value\":6,\"threshold\":5}"));
  CHECK(a->standing + a->rejected == NROWS);
  view_unref(a);
  view_unref(b);
}

static void a_later_operator_sees_the_edits_and_annotations_of_those_before(void) {
  View *v = rows_view();
  Error err;
  static const char *const NAMES[] = { "shout", "length", "reader" };
  TestOp *reader = op_new(run_reader);
  rowop_add_metric(&reader->base, "seen");
  View *w = group(v, NULL, 3, (TestOp *[]){ op_new(run_shout), long_op(100), reader }, NAMES, &err);
  const double *bytes = view_metric(w, span_str("length.bytes")), *seen = view_metric(w, span_str("reader.seen"));
  CHECK(bytes[0] == 5 && bytes[4] == 3 && seen[0] == 1 && isnan(seen[3]));
  View *x = group(w, NULL, 1, (TestOp *[]){ op_new(run_shout) }, NAMES, &err);
  CHECK(field_is(w, 2, FIELD_OUTPUT, "1\n3456789!") && field_is(x, 2, FIELD_OUTPUT, "1\n3456789!!"));
  const Edit *edit;
  CHECK(view_edited(v) == 0 && view_edited(x) >= 1);
  CHECK(view_edits(x, 2, &edit) == 1 && edit[0].raw_len == 10 && view_edits(v, 2, &edit) == 0);
  view_unref(x);
  view_unref(w);
  view_unref(v);
}

static void an_edit_tells_its_stage_and_hides_no_edit_of_another(void) {
  View *v = rows_view();
  Error err;
  static const char *const NAMES[] = { "shout", "again" }, *const LAST[] = { "last" };
  View *w = group(v, NULL, 2, (TestOp *[]){ op_new(run_shout), op_new(run_shout) }, NAMES, &err);
  View *x = group(w, NULL, 1, (TestOp *[]){ op_new(run_shout) }, LAST, &err);
  View *y = group(x, NULL, 1, (TestOp *[]){ op_new(run_shout) }, LAST, &err);
  CHECK(field_is(y, 2, FIELD_OUTPUT, "1\n3456789!!!!"));
  const Edit *edit, *old = NULL;
  CHECK(view_edits(y, 2, &edit) == 1 && view_replaced(y, 2, &old) == 2);
  CHECK(strcmp(corpus_stage_name(y->corpus, edit[0].stage), "last") == 0);
  CHECK(strcmp(corpus_stage_name(y->corpus, old[0].stage), "shout") == 0);
  CHECK(strcmp(corpus_stage_name(y->corpus, old[1].stage), "again") == 0);
  CHECK(view_replaced(w, 2, &old) == 1 && view_replaced(v, 2, &old) == 0);
  uint32_t count[8] = { 0 };
  size_t n = corpus_stages(y->corpus), rows = view_edited(y);
  CHECK(n == 4);   /* load, shout, again, last */
  view_edited_by(y, count, n);
  CHECK(count[0] == 0 && count[1] == rows && count[2] == rows && count[3] == rows);
  view_unref(y);
  view_unref(x);
  view_unref(w);
  view_unref(v);
}

static void the_first_rejection_decides_and_the_rest_stand_behind_it(void) {
  View *v = rows_view();
  Error err;
  static const char *const NAMES[] = { "letters", "length", "again" };
  View *w = group(v, NULL, 3, (TestOp *[]){ op_new(run_a), long_op(3), long_op(2) }, NAMES, &err);
  const Verdict *d = view_verdict(w, 0);   /* "ant", 4 bytes: all three */
  CHECK(strcmp(reason(w, 0), "has_a") == 0 && d[0].more && d[1].more && !d[2].more);
  CHECK(evidence_is(w, d, "{\"detail\":\"an \\\"a\\\"\"}") && d[1].value == 4 && d[2].threshold == 2);
  d = view_verdict(w, 1);                  /* "bee", 6 bytes: two */
  CHECK(strcmp(reason(w, 1), "too_long") == 0 && d[0].more && !d[1].more);
  CHECK(view_verdict(w, 4) == NULL);
  Buf b = { 0 };
  CHECK(evidence_rejection(&b, w, 1) == 0);
  CHECK(span_eq(buf_span(&b), span_str(
    "{\"stage\":\"length\",\"reason\":\"too_long\",\"evidence\":{\"field\":\"output\",\"value\":6,\"threshold\":3},"
    "\"also\":[{\"stage\":\"again\",\"reason\":\"too_long\",\"evidence\":{\"field\":\"output\",\"value\":6,\"threshold\":2}}],"
    "\"source\":\"rows.jsonl\",\"line\":2}")));
  buf_free(&b);
  view_unref(w);
  view_unref(v);
}

static void an_operator_may_ask_not_to_see_rejected_rows(void) {
  View *v = rows_view();
  Error err;
  atomic_int calls = 0, all = 0;
  static const char *const NAMES[] = { "length", "count", "count_all" };
  TestOp *count = op_new(run_count), *every = op_new(run_count);
  count->calls = &calls;
  count->base.skip_rejected = 1;
  every->calls = &all;
  View *w = group(v, NULL, 3, (TestOp *[]){ long_op(5), count, every }, NAMES, &err);
  CHECK(calls == 2 && all == 4);
  view_unref(w);
  view_unref(v);
}

static void a_trusted_row_is_flagged_and_stands(void) {
  View *v = rows_view();
  Error err;
  v->corpus->sources[0].trusted = 1;
  static const char *const NAMES[] = { "letters", "length" };
  View *w = group(v, NULL, 2, (TestOp *[]){ op_new(run_a), long_op(5) }, NAMES, &err);
  CHECK(w->standing == 4);
  CHECK(strcmp(names_text(w->corpus->names, view_annotation(w, span_str("flagged"), 0)), "letters:has_a") == 0);
  CHECK(strcmp(names_text(w->corpus->names, view_annotation(w, span_str("flagged"), 1)), "length:too_long") == 0);
  CHECK(view_annotation(w, span_str("flagged"), 4) == NAME_NONE);
  View *x = group(w, NULL, 1, (TestOp *[]){ long_op(0) }, NAMES, &err);   /* flags add up */
  CHECK(strcmp(names_text(w->corpus->names, view_annotation(x, span_str("flagged"), 0)),
               "letters:has_a,letters:too_long") == 0);
  view_unref(x);
  view_unref(w);
  view_unref(v);
}

enum { MANY = 5000 };

static View *many_view(void) {
  static char text[MANY][64];
  static const char *line[MANY];
  for (int i = 0; i < MANY; i++) {
    snprintf(text[i], sizeof text[i], "{\"input\": \"%d%s\", \"output\": \"%0*d\"}", i, i % 3 == 0 ? "a" : "", i % 17 + 1, 0);
    line[i] = text[i];
  }
  Corpus *c = fixture_corpus(line, MANY);
  View *v = view_new(c);
  corpus_unref(c);
  return v;
}

/* All that a view says of its rows, as one text. */
static void dump(const View *v, Buf *b) {
  const double *bytes = view_metric(v, span_str("length.bytes"));
  for (uint32_t i = 0; i < v->corpus->nrows; i++) {
    buf_printf(b, "%u %d %g %s ", i, view_status(v, i), bytes[i],
               names_text(v->corpus->names, view_annotation(v, span_str("flagged"), i)));
    evidence_rejection(b, v, i);
    const Edit *e;
    for (size_t n = view_edits(v, i, &e); n > 0; n--, e++) buf_printf(b, " %u:%.*s", e->start, (int)e->text.len, e->text.ptr);
    buf_char(b, '\n');
  }
}

static void the_result_does_not_know_the_number_of_threads(void) {
  View *v = many_view();
  Error err;
  static const char *const NAMES[] = { "shout", "letters", "length" };
  Buf first = { 0 };
  for (int threads = 1; threads <= 7; threads += threads == 1 ? 1 : 5) {
    Pool *pool = pool_new(threads);
    View *w = group(v, pool, 3, (TestOp *[]){ op_new(run_shout), op_new(run_a), long_op(9) }, NAMES, &err);
    Buf b = { 0 };
    dump(w, &b);
    if (threads == 1) first = b;
    else CHECK(span_eq(buf_span(&first), buf_span(&b)));
    if (threads > 1) buf_free(&b);
    view_unref(w);
    pool_free(pool);
  }
  buf_free(&first);
  view_unref(v);
}

static void a_failing_operator_names_the_first_row_and_leaves_nothing(void) {
  View *v = many_view();
  Pool *pool = pool_new(3);
  static const char *const NAMES[] = { "fail" };
  for (int i = 0; i < 20; i++) {
    Error err = { "" };
    TestOp *fail = op_new(run_fail);
    fail->fail_at = 1234;
    CHECK(group(v, pool, 1, &fail, NAMES, &err) == NULL);
    CHECK(strcmp(err.text, "row 1234 is one too many") == 0);
    CHECK(v->standing == MANY && v->rejected == 0 && v->nmetrics == 0 && view_verdict(v, 0) == NULL);
  }
  pool_free(pool);
  view_unref(v);
}

static int run_interrupt(const RowOp *base, Row *row, Out *out) {
  (void)base;
  if (row->index == 700) interrupt_raise();
  return out_reject_detail(out, span_str("gone"), (Span){ 0 });
}

static void an_interrupted_group_leaves_nothing(void) {
  View *v = many_view();
  Error err = { "untouched" };
  Pool *pool = pool_new(2);
  static const char *const NAMES[] = { "stop" };
  TestOp *stop = op_new(run_interrupt);
  CHECK(group(v, pool, 1, &stop, NAMES, &err) == NULL);
  CHECK(err.text[0] == '\0' && v->standing == MANY);
  interrupt_clear();
  pool_free(pool);
  view_unref(v);
}

static void a_serial_operator_sees_rows_in_order_on_one_thread(void) {
  View *v = many_view();
  Error err = { "" };
  Pool *pool = pool_new(4);
  static const char *const NAMES[] = { "ordered" };
  TestOp *op = op_new(run_ordered);
  op->base.serial = 1;
  rowop_ref(&op->base);
  View *w = group(v, pool, 1, &op, NAMES, &err);
  CHECK(w != NULL && op->last == MANY);
  rowop_unref(&op->base);
  view_unref(w);
  pool_free(pool);
  view_unref(v);
}

static void a_group_over_a_list_looks_at_those_rows_only(void) {
  View *v = rows_view();
  Error err;
  TestOp *op = long_op(5);
  RowOp *ops[] = { &op->base };
  uint16_t stage = (uint16_t)corpus_stage(v->corpus, span_str("length"));
  static const uint32_t LIST[] = { 1, 3, 4 };   /* 3 stands no more */
  View *w = view_run_group(v, NULL, ops, &stage, 1, LIST, 3, &err);
  const double *bytes = view_metric(w, span_str("length.bytes"));
  CHECK(w->rejected == 3 && isnan(bytes[0]) && bytes[1] == 6 && isnan(bytes[2]) && bytes[4] == 2);
  rowop_unref(&op->base);
  view_unref(w);
  view_unref(v);
}

static int run_nothing(const RowOp *op, Row *row, Out *out) { (void)op, (void)row, (void)out; return 0; }

static void times_are_those_of_a_sixteenth_of_the_rows_and_change_nothing(void) {
  View *v = many_view();
  Error err;
  Pool *pool = pool_new(3);
  TestOp *idle = op_new(run_nothing), *skipping = op_new(run_nothing), *first = long_op(5);
  skipping->base.skip_rejected = 1;
  RowOp *ops[] = { &first->base, &idle->base, &skipping->base };
  uint16_t stage[3];
  static const char *const NAMES[] = { "length", "idle", "skipping" };
  for (int i = 0; i < 3; i++) stage[i] = (uint16_t)corpus_stage(v->corpus, span_str(NAMES[i]));
  GroupTime time[4] = { { 0 } };
  View *plain = view_run_group(v, pool, ops, stage, 3, NULL, 0, &err);
  View *timed = view_run_group_timed(v, pool, ops, stage, 3, NULL, 0, time, &err);
  CHECK(plain != NULL && timed != NULL && plain->rejected == timed->rejected);
  CHECK(time[3].calls > 0 && time[3].calls * GROUP_SAMPLE < MANY * 2);
  CHECK(time[0].calls == time[3].calls && time[1].calls == time[3].calls);
  CHECK(time[2].calls <= time[3].calls);
  for (int i = 0; i < 4; i++) CHECK(time[i].seconds >= 0 && time[i].seconds < 60);
  for (int i = 0; i < 3; i++) rowop_unref(ops[i]);
  view_unref(plain);
  view_unref(timed);
  pool_free(pool);
  view_unref(v);
}

static void a_list_of_verdicts_is_applied_to_standing_rows_in_order(void) {
  View *v = rows_view();
  Error err = { "" };
  VerdictList *list = verdicts_new();
  list->reasons[0] = "near_duplicate";
  list->field = "input+output";
  verdicts_add(list, (VerdictEntry){ .row = 4, .twin = 0, .value = 0.875, .threshold = NAN, .blob = -1 });
  verdicts_add(list, (VerdictEntry){ .row = 1, .twin = PLACE_NONE, .value = NAN, .threshold = NAN,
                                     .blob = verdicts_add_blob(list, span_str("{\"x\":1}")) });
  verdicts_add(list, (VerdictEntry){ .row = 3, .twin = 0, .value = 1, .threshold = 0.8, .blob = -1 });
  verdicts_add(list, (VerdictEntry){ .row = 2, .twin = PLACE_NONE, .value = NAN, .threshold = NAN, .blob = -1, .quarantine = 1 });
  verdicts_add_pair(list, (VerifiedPair){ 2, 4, 0.5 });
  verdicts_add_pair(list, (VerifiedPair){ 0, 4, 0.875 });
  uint16_t stage = (uint16_t)corpus_stage(v->corpus, span_str("near_dedup"));
  View *w = view_apply(v, stage, list, &err);
  CHECK(w->standing == 1 && w->rejected == 4 && w->quarantined == 1 && v->standing == 4);
  CHECK(evidence_is(w, view_verdict(w, 4),
        "{\"field\":\"input+output\",\"twin\":{\"source\":\"rows.jsonl\",\"line\":1},\"jaccard\":0.875}"));
  CHECK(evidence_is(w, view_verdict(w, 1), "{\"x\":1}"));
  CHECK(strcmp(reason(w, 3), "malformed") == 0);          /* decided before */
  CHECK(view_status(w, 2) == STATUS_QUARANTINED);
  CHECK(w->pairs->n == 2 && w->pairs->pair[0].a == 0 && w->pairs->stage == stage && v->pairs == NULL);
  verdicts_add(list, (VerdictEntry){ .row = 4, .twin = 0, .blob = -1 });
  CHECK(view_apply(v, stage, list, &err) == NULL && strstr(err.text, "row 5 has two verdicts") != NULL);
  list->entry[list->n - 1].row = NROWS;
  CHECK(view_apply(v, stage, list, &err) == NULL && strstr(err.text, "beyond the last") != NULL);
  verdicts_free(list);
  view_unref(w);
  view_unref(v);
}

/* 2 is kept; 1 goes for it, 4 for 1; 0 stays out of it. The metric is the row's number. */
static View *with_twins(const View *v, uint16_t stage) {
  Error err;
  VerdictList *list = verdicts_new();
  list->reasons[0] = "near_duplicate";
  list->field = "output";
  list->metric_name = "jaccard";
  list->metric = malloc(NROWS * sizeof *list->metric);
  for (uint32_t i = 0; i < NROWS; i++) list->metric[i] = i == 1 || i == 4 ? i : NAN;
  verdicts_add(list, (VerdictEntry){ .row = 1, .twin = 2, .value = 0.9, .threshold = NAN, .blob = -1 });
  verdicts_add(list, (VerdictEntry){ .row = 4, .twin = 1, .value = 0.8, .threshold = NAN, .blob = -1 });
  verdicts_add_pair(list, (VerifiedPair){ 1, 2, 0.9 });
  View *w = view_apply(v, stage, list, &err);
  verdicts_free(list);
  return w;
}

static void rows_whose_twin_fell_to_another_stage_are_orphans_and_come_back_as_they_were(void) {
  static const char *const BEHIND[] = { "shout", "length" };
  View *v = rows_view();
  Error err;
  uint16_t stage = (uint16_t)corpus_stage(v->corpus, span_str("near_dedup"));
  View *w = with_twins(v, stage);
  View *x = group(w, NULL, 2, (TestOp *[]){ op_new(run_shout), long_op(5) }, BEHIND, &err);
  uint8_t of[16] = { 0 };
  uint32_t row[NROWS];
  uint16_t by[NROWS];
  size_t nstages = corpus_stages(v->corpus);
  of[stage] = 1;
  of[corpus_stage(v->corpus, span_str("length"))] = 2;
  CHECK(view_orphans(w, of, nstages, row, by) == 0);   /* 4's twin fell to the stage itself */
  CHECK(view_orphans(x, of, nstages, row, by) == 1 && row[0] == 1 && by[0] == stage);
  TwinGroups groups;
  CHECK(view_twin_groups(x, of, nstages, NULL, 0, &groups) == 0);
  CHECK(groups.groups == 1 && groups.empty == 1 && groups.failed == 1);
  CHECK(view_twin_groups(x, of, nstages, &(RowLink){ 4, 0 }, 1, &groups) == 0);   /* 0 stands */
  CHECK(groups.groups == 1 && groups.empty == 0 && groups.failed == 0);
  of[corpus_stage(v->corpus, span_str("length"))] = 0;
  CHECK(view_twin_groups(x, of, nstages, NULL, 0, &groups) == 0 && groups.empty == 1 && groups.failed == 0);

  View *y = view_rewind(x, v, (uint32_t[]){ 1, 2 }, 2, &err);
  CHECK(y->standing == x->standing + 2 && y->rejected == x->rejected - 2 && view_verdict(y, 1) == NULL);
  CHECK(isnan(view_metric(y, span_str("near_dedup.jaccard"))[1]) && isnan(view_metric(y, span_str("length.bytes"))[2]));
  CHECK(view_metric(y, span_str("near_dedup.jaccard"))[4] == 4 && view_metric(x, span_str("length.bytes"))[2] == 10);
  CHECK(field_is(y, 2, FIELD_OUTPUT, "1\n3456789") && field_is(x, 2, FIELD_OUTPUT, "1\n3456789!"));
  CHECK(view_annotation(y, span_str("shouted"), 2) == NAME_NONE && view_annotation(x, span_str("shouted"), 2) != NAME_NONE);
  CHECK(field_is(y, 0, FIELD_OUTPUT, "1234!"));
  View *z = view_texts_of(y, v);
  CHECK(field_is(z, 0, FIELD_OUTPUT, "1234") && z->standing == y->standing);
  View *views[] = { z, y, x, w, v };
  for (int i = 0; i < 5; i++) view_unref(views[i]);
}

static void pairs_of_a_second_visit_join_those_of_the_first(void) {
  View *v = rows_view();
  Error err;
  uint16_t stage = (uint16_t)corpus_stage(v->corpus, span_str("near_dedup"));
  View *w = with_twins(v, stage);
  VerdictList *list = verdicts_new();
  list->reasons[0] = "near_duplicate";
  list->again = 1;
  verdicts_add_pair(list, (VerifiedPair){ 1, 2, 0.9 });
  verdicts_add_pair(list, (VerifiedPair){ 0, 4, 0.7 });
  View *x = view_apply(w, stage, list, &err);
  const PairLayer *p = view_pairs(x, stage);
  CHECK(p->n == 2 && p->pair[0].a == 0 && p->pair[0].b == 4 && p->pair[1].a == 1 && view_pairs(w, stage)->n == 1);
  verdicts_free(list);
  view_unref(x);
  view_unref(w);
  view_unref(v);
}

static void an_annotation_column_is_replaced_in_the_child_only(void) {
  View *v = rows_view();
  Error err;
  uint32_t ids[NROWS] = { 0 };
  ids[2] = names_intern(v->corpus->names, span_str("pets"));
  View *w = view_annotate(v, span_str("topic"), ids, &err);
  CHECK(view_annotation(w, span_str("topic"), 2) == ids[2] && view_annotation(w, span_str("topic"), 0) == NAME_NONE);
  CHECK(v->nannotations == 0);
  uint32_t rows[4];
  view_standing(w, rows);
  CHECK(rows[0] == 0 && rows[1] == 1 && rows[2] == 2 && rows[3] == 4);
  view_unref(w);
  view_unref(v);
}

int main(void) {
  RUN(lines_that_could_not_be_read_are_rejected_by_load);
  RUN(a_child_changes_nothing_of_its_parent_and_siblings);
  RUN(a_later_operator_sees_the_edits_and_annotations_of_those_before);
  RUN(an_edit_tells_its_stage_and_hides_no_edit_of_another);
  RUN(the_first_rejection_decides_and_the_rest_stand_behind_it);
  RUN(an_operator_may_ask_not_to_see_rejected_rows);
  RUN(a_trusted_row_is_flagged_and_stands);
  RUN(the_result_does_not_know_the_number_of_threads);
  RUN(a_failing_operator_names_the_first_row_and_leaves_nothing);
  RUN(an_interrupted_group_leaves_nothing);
  RUN(a_serial_operator_sees_rows_in_order_on_one_thread);
  RUN(a_group_over_a_list_looks_at_those_rows_only);
  RUN(times_are_those_of_a_sixteenth_of_the_rows_and_change_nothing);
  RUN(a_list_of_verdicts_is_applied_to_standing_rows_in_order);
  RUN(rows_whose_twin_fell_to_another_stage_are_orphans_and_come_back_as_they_were);
  RUN(pairs_of_a_second_visit_join_those_of_the_first);
  RUN(an_annotation_column_is_replaced_in_the_child_only);
  return check_done();
}
