/* tests/test_memory.c - when memory runs out at any moment, a layer is dropped whole, an error says
** so, and nothing leaks: every allocation from the n-th on is refused, for n = 1, 2, 3 … until the
** work passes. Sanitizers bring an allocator of their own; there it is skipped. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "corpus/query.h"
#include "coverage/ngrams.h"
#include "coverage/reach.h"
#include "coverage/apart.h"
#include "coverage/tell.h"
#include "export/export.h"
#include "neardup/index.h"
#include "neardup/join.h"
#include "neardup/mask.h"
#include "neardup/leaders_exact.h"
#include "neardup/seen.h"
#include "neardup/sweep.h"
#include "store/ledger.h"
#include "style/style.h"
#include "tests/check.h"
#include "tests/fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static long allowed = -1;   /* allocations still granted; below 0: all */
static long live;           /* blocks not yet freed */

#ifndef SANITIZED
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static int refuse(void) {
  if (allowed < 0) return 0;
  if (allowed > 0) return allowed--, 0;
  errno = ENOMEM;
  return 1;
}
void *malloc(size_t n) {
  void *p = refuse() ? NULL : __libc_malloc(n);
  live += p != NULL;
  return p;
}
void *calloc(size_t n, size_t size) {
  void *p = refuse() ? NULL : __libc_calloc(n, size);
  live += p != NULL;
  return p;
}
void *realloc(void *old, size_t n) {
  void *p = refuse() ? NULL : __libc_realloc(old, n);
  live += p != NULL && old == NULL;
  return p;
}
void *aligned_alloc(size_t to, size_t n) {
  void *p = refuse() ? NULL : __libc_memalign(to, n);
  live += p != NULL;
  return p;
}
void free(void *p) {
  live -= p != NULL;
  __libc_free(p);
}
#endif

static const char *const ROWS[] = {
  "{\"input\": \"one\\n\", \"output\": \"two\", \"x\": [\"three\"]}", "{\"input\": \"a\", \"output\": \"b\", \"alternative\": \"c\"}",
  "broken", "{\"input\": \"q\", \"output\": \"r\", \"_rejection\": 1}", "{\"input\": \"s\", \"output\": \"t\", \"metadata\": {\"k\": 1}}",
};
enum { NROWS = sizeof ROWS / sizeof *ROWS };

static Corpus *corpus;
static char dir[64];

/* Says a little of everything. */
static int run_all(const RowOp *op, Row *row, Out *out) {
  (void)op;
  const RowString *s;
  size_t n = row_strings(row, &s);
  if (n == 0) return -1;
  if (out_metric(out, 0, (double)n) != 0) return -1;
  if (out_annotate(out, span_str("topic"), (Value){ .type = VALUE_STRING, .text = span_str("t") }) != 0) return -1;
  EvidenceSpan span = { .string = &s[0], .start = 0, .end = 1, .type = "X" };
  if (row->index == 3 && out_reject_spans(out, "span", &span, 1) != 0) return -1;
  if (row->index == 3 && out_reject_detail(out, span_str("also"), span_str("this")) != 0) return -1;
  return row->index == 0 ? out_edit(out, &s[0], span_str("edited")) : 0;
}
static void destroy(RowOp *op) { (void)op; }

/* 0 if all went well, -1 if memory ran out; anything else is a fault. */
static int layers(void) {
  RowOp op, *ops[] = { &op };
  Error err = { "" };
  rowop_init(&op, run_all, destroy);
  int bad = rowop_add_metric(&op, "m") < 0;
  View *v = bad ? NULL : view_new(corpus), *w = NULL, *x = NULL;
  int stage = v == NULL ? -1 : corpus_stage(corpus, span_str("test"));
  uint16_t stage16 = (uint16_t)stage;
  if (stage >= 0) w = view_run_group(v, NULL, ops, &stage16, 1, NULL, 0, &err);
  if (stage >= 0 && w == NULL && err.text[0] == '\0') bad = 2;   /* an error without words */
  VerdictList *list = w == NULL ? NULL : verdicts_new();
  if (list != NULL) {
    list->reasons[0] = "copy";
    list->field = "input";
    bad |= verdicts_add(list, (VerdictEntry){ .row = 1, .twin = 0, .value = 1, .blob = -1 }) != 0;
    bad |= verdicts_add_pair(list, (VerifiedPair){ 0, 1, 1 }) != 0;
    if (!bad) x = view_apply(w, stage16, list, &err);
  }
  verdicts_free(list);
  int status = bad == 2 ? 2 : x == NULL ? -1 : 0;
  if (v != NULL && v->standing != 4) status = 3;                  /* the parent was touched */
  if (x != NULL && x->standing + x->rejected != NROWS) status = 4;
  view_unref(x);
  view_unref(w);
  view_unref(v);
  rowop_unref(&op);
  return status;
}

static View *made;   /* a finished view, for what follows */

static int writes(ExportFormat format) {
  Error err = { "" };
  Span include = span_str("topic");
  ExportOptions o = { .dir = dir, .mode = 0600, .format = format, .system = span_str("s"), .include = &include, .ninclude = 1 };
  ExportOutputs *out = export_write(made, &o, NULL, &err);
  char path[128];
  snprintf(path, sizeof path, "%s/ledger.db", dir);
  LedgerOptions lo = { .outputs = out };
  int status = out == NULL ? -1 : ledger_write(made, path, &lo, &err);
  if (status != 0 && err.text[0] == '\0') status = 2;
  for (size_t i = 0; out != NULL && i < out->n; i++) unlink(out->output[i].path);
  unlink(path);
  export_outputs_free(out);
  return status;
}
static int writes_as_read(void) { return writes(EXPORT_AS_READ); }
static int writes_messages(void) { return writes(EXPORT_MESSAGES); }

static int asks(void) {
  uint32_t ids[NROWS], rows[NROWS];
  ReasonCount *reasons;
  size_t n;
  int bad = query_reasons(made, &reasons, &n);
  free(bad == 0 ? reasons : NULL);
  if (bad == 0) bad = query_keys(made, NULL, span_str("metadata.k"), ~0u, ids);
  if (bad == 0 && query_text(made, NULL, span_str("one"), rows, NROWS) < 0) bad = -1;
  return bad;
}

/* The exact join by groups, then pair by pair, then around one text; nothing may be left behind. */
static int joins(void) {
  static char room[12][400];
  Span span[12];
  uint8_t centre[12] = { 1 };
  for (size_t i = 0; i < 12; i++) {   /* near copies of two texts, and a copy */
    for (size_t k = 0; k < sizeof room[i]; k++) room[i][k] = (char)('a' + (k * k / 7 + i % 2 * k) % 26);
    if (i < 10) room[i][i * 30 + 7] = '#';
    span[i] = span_of(room[i], sizeof room[i]);
  }
  SpanTexts texts = span_texts(span, 12, 1);
  long before = live;
  int status = 0;
  for (int i = 0; status == 0 && i < 3; i++) {
    JoinParams p = { .shingle = 5, .threshold = 0.8, .room = 1000, .way = i == 1 ? JOIN_PAIRWISE : JOIN_GROUPS,
                     .centre = i == 2 ? centre : NULL };
    Join j;
    Error err = { "" };
    status = join_find(&texts.source, &p, NULL, &j, &err);
    if (status != 0 && (err.text[0] == '\0' || j.pair != NULL || j.same != NULL)) status = 2;
    if (status == 0 && j.npairs == 0) status = 3;
    if (status == 0) join_free(&j);
  }
  return live != before ? 4 : status;
}

/* Leaders by code points, then by words, with what more than half of the texts have masked. */
static int masks(void) {
  static char room[12][400];
  Span span[12];
  for (size_t i = 0; i < 12; i++) {   /* one text with words of its own; an accent makes shingles wide */
    size_t n = 0;
    for (size_t w = 0; w < 30; w++)
      n += (size_t)snprintf(room[i] + n, sizeof room[i] - n, "%s%zu ", i % 2 ? "w\xC3\xA9" : "we", w < 20 ? w : w * (i / 2 + 3));
    span[i] = span_of(room[i], n);
  }
  SpanTexts texts = span_texts(span, 12, 1);
  long before = live;
  int status = 0;
  for (int words = 0; status == 0 && words < 2; words++) {
    MaskParams mp = { .share = 0.4, .fewest = 2, .rest = 2, .room = words ? 8 : 0 };
    LeaderParams p = { .shingle = 3, .hashes = 64, .bands = 64, .rows = 1, .threshold = 0.5, .floor = 0.5 };
    Mask *mask = NULL;
    Leaders l = { 0 };
    Error err = { "" };
    texts.source.unit = words ? GRAM_WORDS : GRAM_CHARS;
    texts.source.mask = NULL;
    status = mask_find(&mask, &texts.source, p.shingle, &mp, NULL, &err);
    if (status == 0 && mask_count(mask) == 0) status = 3;
    texts.source.mask = mask;
    if (status == 0) status = leaders_find(&texts.source, &p, NULL, &l, &err);
    if (status == -1 && err.text[0] == '\0') status = 2;
    leaders_free(&l);
    mask_free(mask);
  }
  return live != before ? 4 : status;
}

/* Clusters by both modes and methods, with evidence and without, and a sweep over each. */
static int clusters(void) {
  static char room[24][120];
  Span span[24];
  for (size_t i = 0; i < 24; i++) {   /* near copies of three texts, and copies */
    for (size_t k = 0; k < sizeof room[i]; k++) room[i][k] = (char)('a' + (k * k / 7 + i % 3 * k) % 26);
    if (i % 10 > 3) room[i][i + 7] = '#';
    span[i] = span_of(room[i], sizeof room[i]);
  }
  SpanTexts texts = span_texts(span, 24, 1);
  long before = live;
  int status = 0;
  for (int i = 0; status == 0 && i < 8; i++) {
    LeaderParams p = { .shingle = 5, .hashes = 64, .bands = 32, .rows = 2, .threshold = 0.8, .floor = i & 4 ? 0.6 : 0.8,
                       .mode = i & 1 ? CLUSTER_COMPONENTS : CLUSTER_LEADER, .evidence = i & 4, .evidence_pairs = 3 };
    Leaders l;
    Error err = { "" };
    status = (i & 2 ? leaders_exact : leaders_find)(&texts.source, &p, NULL, &l, &err);
    if (status != 0 && (err.text[0] == '\0' || l.pair != NULL || l.open != NULL || l.via != NULL)) status = 2;
    if (status == 0 && l.rejected < 12) status = 3;
    double threshold[] = { 0.8, 0.95 };
    SweepStep step[2];
    SweepPairs pairs = { l.pair, l.npairs, l.open };
    SweepParams s = { .threshold = threshold, .nsteps = 2, .margin = 3, .most_rows = 10 };
    if (status == 0) {
      status = sweep_find(&texts.source, &p, &pairs, &s, NULL, step, &err);
      if (status != 0 && (err.text[0] == '\0' || step[0].taken != NULL)) status = 5;
      if (status == 0 && step[0].rejected != l.rejected) status = 6;
      if (status == 0) sweep_free(step, 2);
      leaders_free(&l);
    }
  }
  return live != before ? 4 : status;
}

/* An index written, read and made in memory; a view held against both by bands and by the join. */
static int sees(void) {
  char path[128];
  IndexSpec spec = { span_str("d"), span_str("r"), NEARDUP_ALL_FIELDS, { 0 } };
  Index x[2] = { { 0 } };
  const Index *list[] = { &x[0], &x[1] };
  Error err = { "" };
  snprintf(path, sizeof path, "%s/neardup.idx", dir);
  long before = live;
  int status = index_write(made, &spec, path, 0600, NULL, &(FileSum){ 0 }, &err);
  if (status == 0) status = index_open(&x[0], path, 0, NULL, &err);
  if (status == 0) status = index_of_view(&x[1], made, &spec, NULL, &err);
  for (int exact = 0; status == 0 && exact < 2; exact++) {
    LeaderParams p = { .shingle = 5, .hashes = 64, .bands = 8, .rows = 8, .threshold = 0.8, .floor = 0.8, .exact = exact };
    AgainstCounts counts;
    VerdictList *found = neardup_seen(made, list, 2, NEARDUP_FIELDS, &p, &(TemplateParams){ 0 }, NULL, &counts, &err);
    status = found == NULL ? -1 : found->n == made->standing ? 0 : 3;
    verdicts_free(found);
  }
  if (status != 0 && err.text[0] == '\0') status = 2;
  index_free(&x[0]);
  index_free(&x[1]);
  unlink(path);
  return live > before + 40 ? 4 : status;   /* names belong to the corpus */
}

/* From the n-th allocation on all are refused, until the work passes. live may grow only by what
** the corpus' logs and names keep, which is bounded: at most a few blocks a try. */
static void refuse_from_each(const char *what, int (*work)(void)) {
  for (long n = 0; n < 20000; n++) {
    allowed = n;
    int status = work();
    allowed = -1;
    if (status != 0 && status != -1) printf("%s: %d with %ld allocations\n", what, status, n);
    CHECK(status == 0 || status == -1);
    if (status == 0) return;
  }
  CHECK(!"never passed");
}

static void does_not_leak(int (*work)(void)) {
  work();
  long before = live;
  for (long n = 0; n < 2000; n += 61) {
    allowed = n;
    work();
    allowed = -1;
  }
  CHECK(live - before < 200);   /* arenas of committed groups belong to the corpus */
}

static void a_group_that_runs_out_of_memory_is_dropped_whole(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  refuse_from_each("layers", layers);
}
static void an_export_that_runs_out_of_memory_says_so(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  CHECK(writes_as_read() == 0);   /* libcrypto and SQLite open themselves up at leisure */
  refuse_from_each("as read", writes_as_read);
  refuse_from_each("messages", writes_messages);
  does_not_leak(writes_messages);
}
/* How rows are written. */
static int styles(void) {
  StyleParams p = { .field = FIELD_OUTPUT, .rules = { .list_items = 2, .code_lines = 2 }, .opening = 1,
                    .by = { span_str("input") }, .nby = 1, .annotator = span_str("output"), .time = span_str("x") };
  Style s;
  Opening *o = NULL;
  Annotators a;
  size_t n;
  Error err = { "" };
  int status = style_measure(&s, made, &p, NULL, &err);
  if (status != 0 && (err.text[0] == '\0' || s.row != NULL)) return 2;
  if (status == 0) {
    status = style_openings(&s, NULL, &o, &n);
    free(o);
    int more = style_annotators(&s, &a);
    if (more == 0) annotators_free(&a);
    char text[OPENING_ROOM];
    if (style_opening_text(&s, 0, text) < 0 || more != 0) status = -1;
  }
  style_free(&s);
  return status;
}

/* How far rows lie apart. */
static int distances(void) {
  uint32_t row[NROWS];
  Vectors *v;
  Error err = { "" };
  for (uint32_t i = 0; i < NROWS; i++) row[i] = i;
  if (vectors_new(&v, NROWS, row, NROWS, 2, VECTOR_F32, "test") != 0) return -1;
  for (uint32_t i = 0; i < NROWS; i++) vectors_put(v, i, (float[]){ 1, (float)i });
  vectors_close(v);
  OutlierParams op = { .k = 1, .sample = 2, .top = 1, .bound = 0.1 };
  ReachParams rp = { .bound = NAN, .share = 0.5, .own = 2 };
  Outliers o;
  Reach r;
  Ngrams g;
  Tell t;
  TellItem item[] = { { v, 0, 0, 0 }, { v, 1, 1, 0 }, { v, 3, 0, 1 }, { v, 4, 1, 1 } };
  int status = outliers_find(made, v, &op, NULL, &o, &err);
  if (status == 0) {
    VerdictList *list = outliers_verdicts(&o, made, 0.1, "outlier", "distance");
    if (list == NULL) status = -1;
    verdicts_free(list);
    outliers_free(&o);
  }
  if (status == 0 && (status = reach_find(made, v, made, v, &rp, NULL, &r, &err)) == 0) reach_free(&r);
  if (status == 0) status = ngrams_count(made, FIELD_INPUT, 1, (uint32_t[]){ 0, 1 }, 2, NULL, &g, &err);
  TellParams tp = { .folds = 2, .passes = 2, .c = 1 };
  if (status == 0) status = tell_apart(item, 4, &tp, NULL, &t, &err);
  vectors_unref(v);
  return status;
}

static void measures_that_run_out_of_memory_leave_nothing(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  CHECK(styles() == 0 && distances() == 0);
  refuse_from_each("styles", styles);
  does_not_leak(styles);
  refuse_from_each("distances", distances);
  does_not_leak(distances);
}

static void a_question_that_runs_out_of_memory_is_no_answer(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  refuse_from_each("asks", asks);
  does_not_leak(asks);
}
static void a_join_that_runs_out_of_memory_leaves_nothing(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  refuse_from_each("joins", joins);
}
static void a_mask_that_runs_out_of_memory_leaves_nothing(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  refuse_from_each("masks", masks);
}
static void clusters_and_sweeps_that_run_out_of_memory_leave_nothing(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  refuse_from_each("clusters", clusters);
}
static void an_index_that_runs_out_of_memory_leaves_nothing(void) {
#ifdef SANITIZED
  SKIP("the sanitizer has an allocator of its own");
#endif
  CHECK(sees() == 0);   /* libcrypto opens itself up at leisure */
  refuse_from_each("sees", sees);
  does_not_leak(sees);
}

int main(void) {
  /* in memory where there is such a place: each try syncs its files */
  snprintf(dir, sizeof dir, "%s/tamis-test-memory-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (mkdtemp(dir) == NULL) return 1;
  corpus = fixture_corpus(ROWS, NROWS);
  RUN(a_group_that_runs_out_of_memory_is_dropped_whole);
  RowOp op, *ops[] = { &op };
  rowop_init(&op, run_all, destroy);
  rowop_add_metric(&op, "m");
  View *v = view_new(corpus);
  uint16_t stage = (uint16_t)corpus_stage(corpus, span_str("test"));
  made = view_run_group(v, NULL, ops, &stage, 1, NULL, 0, NULL);
  rowop_unref(&op);
  RUN(an_export_that_runs_out_of_memory_says_so);
  RUN(a_question_that_runs_out_of_memory_is_no_answer);
  RUN(a_join_that_runs_out_of_memory_leaves_nothing);
  RUN(a_mask_that_runs_out_of_memory_leaves_nothing);
  RUN(clusters_and_sweeps_that_run_out_of_memory_leave_nothing);
  RUN(an_index_that_runs_out_of_memory_leaves_nothing);
  RUN(measures_that_run_out_of_memory_leave_nothing);
  view_unref(made);
  view_unref(v);
  corpus_unref(corpus);
  CHECK(rmdir(dir) == 0);
  return check_done();
}
