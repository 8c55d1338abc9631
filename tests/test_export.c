/* tests/test_export.c - bytes are sacred: what nobody edits is written as it was read, and an edit
** changes one string. Random rows; the seed is printed when something fails. */
#include "export/export.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/ordered.h"
#include "export/rejection.h"
#include "export/splice.h"
#include "tests/check.h"
#include "tests/fixture.h"

/* ---- random JSON, as odd as it may be ---- */

static uint64_t state;
static unsigned pick(unsigned n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(state >> 33) % n;
}

static const char *const NUMBERS[] = { "0", "-0", "1.50", "1e400", "123456789012345678901234567890", "-1.0E-7", "3.0" };
static const char *const TEXTS[] = { "", "plain", "caf\\u00e9", "a\\\"b\\\\c\\/d", "\xC3\xA9\xE2\x82\xAC", "\\ud83d\\ude00", "\\n\\t", "\\u0000", "{\\\"x\\\": 1}" };
static const char *const SPACES[] = { "", " ", "  ", "\t", " \r " };
#define ANY(list) list[pick(sizeof list / sizeof *list)]

static void random_value(Buf *b, int depth) {
  unsigned kind = pick(depth > 3 ? 4 : 6);
  if (kind == 0) buf_str(b, ANY(NUMBERS));
  else if (kind == 1) buf_str(b, pick(2) ? "true" : "null");
  else if (kind <= 3) buf_printf(b, "\"%s\"", ANY(TEXTS));
  else {
    buf_char(b, kind == 4 ? '[' : '{');
    for (unsigned i = 0, n = pick(4); i < n; i++) {
      if (i > 0) buf_printf(b, ",%s", ANY(SPACES));
      if (kind == 5) buf_printf(b, "\"%s%u\"%s:%s", ANY(TEXTS), i, ANY(SPACES), ANY(SPACES));
      random_value(b, depth + 1);
    }
    buf_printf(b, "%s%c", ANY(SPACES), kind == 4 ? ']' : '}');
  }
}

/* A row with input, output and unknown members around them. */
static char *random_row(void) {
  Buf b = { 0 };
  buf_printf(&b, "%s{%s", ANY(SPACES), ANY(SPACES));
  unsigned before = pick(3), after = pick(3);
  for (unsigned i = 0; i < before; i++) {
    buf_printf(&b, "\"k%u\"%s:", i, ANY(SPACES));
    random_value(&b, 0);
    buf_printf(&b, "%s,%s", ANY(SPACES), ANY(SPACES));
  }
  buf_printf(&b, "\"input\":%s\"%s\"%s,%s\"output\" : \"%s\"", ANY(SPACES), ANY(TEXTS), ANY(SPACES), ANY(SPACES), ANY(TEXTS));
  for (unsigned i = 0; i < after; i++) {
    buf_printf(&b, ",%s\"z%u\":", ANY(SPACES), i);
    random_value(&b, 0);
  }
  if (pick(4) == 0) buf_str(&b, ", \"_rejection\": {\"old\": [1]}");
  buf_printf(&b, "%s}%s", ANY(SPACES), ANY(SPACES));
  buf_char(&b, '\0');
  return b.ptr;
}

/* ---- operators ---- */

static int run_edit(const RowOp *op, Row *row, Out *out) {
  (void)op;
  RowString s;
  if (row->index % 2 == 0 || row_field_strings(row, FIELD_OUTPUT, &s, 1) != 1) return 0;
  return out_edit(out, &s, span_str("new \"text\"\n\xE2\x82\xAC"));
}
static int run_reject(const RowOp *op, Row *row, Out *out) {
  (void)op;
  return row->index % 3 == 0 ? out_reject_detail(out, span_str("third"), (Span){ 0 }) : 0;
}
static int run_break(const RowOp *op, Row *row, Out *out) {
  (void)op;
  RowString s;
  row_field_strings(row, FIELD_OUTPUT, &s, 1);
  return out_edit(out, &s, span_of(s.text.ptr, s.text.len / 2));
}
static void destroy(RowOp *op) { (void)op; }

static View *apply_op(const View *v, int (*run)(const RowOp *, Row *, Out *)) {
  RowOp op, *ops[] = { &op };
  rowop_init(&op, run, destroy);
  uint16_t stage = (uint16_t)corpus_stage(v->corpus, span_str("test"));
  View *w = view_run_group(v, NULL, ops, &stage, 1, NULL, 0, NULL);
  rowop_unref(&op);
  return w;
}

/* ---- files ---- */

static char dir[64];

static Buf slurp(const char *name) {
  char path[160];
  Buf b = { 0 };
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "rb");
  char part[65536];
  for (size_t n; f != NULL && (n = fread(part, 1, sizeof part, f)) > 0;) buf_add(&b, part, n);
  if (f != NULL) fclose(f);
  unlink(path);
  return b;
}

static ExportOutputs *export(const View *v, ExportOptions o, int threads) {
  Error err = { "" };
  Pool *pool = pool_new(threads);
  o.dir = dir;
  o.mode = 0600;
  ExportOutputs *out = export_write(v, &o, pool, &err);
  if (out == NULL) printf("export: %s\n", err.text);
  pool_free(pool);
  return out;
}

enum { ROWS = 3000 };
static char *row_text[ROWS];

static View *random_view(uint64_t seed) {
  state = seed;
  for (int i = 0; i < ROWS; i++) row_text[i] = random_row();
  Corpus *c = fixture_corpus((const char *const *)row_text, ROWS);
  View *v = view_new(c);
  corpus_unref(c);
  return v;
}
static void free_rows(void) {
  for (int i = 0; i < ROWS; i++) free(row_text[i]);
}

static void rows_that_nothing_changed_are_written_as_they_were_read(void) {
  View *v = random_view(7);
  Buf wanted = { 0 };
  CHECK(v->standing == ROWS);
  for (int i = 0; i < ROWS; i++) buf_printf(&wanted, "%s\n", row_text[i]);
  ExportOutputs *out = export(v, (ExportOptions){ 0 }, 2);
  Buf got = slurp("curated.jsonl"), rejected = slurp("rejected.jsonl");
  CHECK(span_eq(buf_span(&wanted), buf_span(&got)) && rejected.len == 0);
  CHECK(out->output[0].rows == ROWS && out->line[ROWS - 1] == ROWS && out->nkept == 1 && out->n == 2);
  export_outputs_free(out);
  buf_free(&wanted);
  buf_free(&got);
  buf_free(&rejected);
  view_unref(v);
  free_rows();
}

/* The line with its output string replaced, cut and pasted by hand. */
static void expect_edit(Buf *b, const char *line) {
  const char *key = strstr(line, "\"output\" : \"");
  const char *from = key + strlen("\"output\" : "), *end = from + 1;
  while (*end != '"') end += *end == '\\' ? 2 : 1;
  buf_printf(b, "%.*s\"new \\\"text\\\"\\n\xE2\x82\xAC\"%s\n", (int)(from - line), line, end + 1);
}

static void an_edit_changes_one_string_and_no_other_byte(void) {
  View *v = random_view(8);
  View *w = apply_op(v, run_edit);
  Buf wanted = { 0 };
  for (int i = 0; i < ROWS; i++) {
    if (i % 2 == 0 || strstr(row_text[i], "\"output\" : \"{") != NULL) buf_printf(&wanted, "%s\n", view_status(w, (uint32_t)i) == STATUS_STANDING ? row_text[i] : "");
    else expect_edit(&wanted, row_text[i]);
    if (view_status(w, (uint32_t)i) != STATUS_STANDING) wanted.len--;   /* no line at all */
  }
  ExportOutputs *out = export(w, (ExportOptions){ 0 }, 2);
  Buf got = slurp("curated.jsonl");
  CHECK(span_eq(buf_span(&wanted), buf_span(&got)));
  export_outputs_free(out);
  unlink(strcat(strcpy((char[160]){ 0 }, dir), "/rejected.jsonl"));
  buf_free(&wanted);
  buf_free(&got);
  view_unref(w);
  view_unref(v);
  free_rows();
}

static void an_edit_that_breaks_a_string_of_json_rejects_the_row(void) {
  static const char *const LINES[] = { "{\"input\": \"q\", \"output\": \"{\\\"a\\\": [1, 2]}\"}", "{\"input\": \"q\", \"output\": \"[no JSON\"}" };
  Corpus *c = fixture_corpus(LINES, 2);
  c->sources[0].trusted = 1;   /* even so */
  View *v = view_new(c), *w = apply_op(v, run_break);
  CHECK(view_status(w, 0) == STATUS_REJECTED && view_status(w, 1) == STATUS_STANDING);
  const Verdict *d = view_verdict(w, 0);
  CHECK(strcmp(names_text(c->names, d->reason), "edit_breaks_json") == 0);
  CHECK(span_eq(span_of(d->blob, d->blob_len), span_str("{\"field\":\"output\",\"path\":\"output\"}")));
  const Edit *e;
  CHECK(view_edits(w, 0, &e) == 0 && view_edits(w, 1, &e) == 1);
  view_unref(w);
  view_unref(v);
  corpus_unref(c);
}

/* Every rejected row is its own bytes with "_rejection" at the end, and reads as JSON. */
static void a_rejected_row_is_its_object_and_the_reason(void) {
  View *v = random_view(9);
  View *w = apply_op(v, run_reject);
  Scratch *s = scratch_new(0);
  JsonDoc doc = { 0 };
  for (uint32_t i = 0; i < ROWS; i += 3) {
    Buf b = { 0 };
    Row r = scratch_begin(s, w, i);
    CHECK(rejection_write(&b, &r, 0) == 0);
    CHECK(json_check(&doc, buf_span(&b), 0) == JSON_OK);
    size_t members = doc.nmembers, found = 0;
    for (size_t m = 0; m < members; m++) found += json_string_is(&doc.member[m].key, span_str("_rejection"));
    CHECK(found == 1 && json_string_is(&doc.member[members - 1].key, span_str("_rejection")));
    JsonValue mark = doc.member[members - 1].value, line = json_get(&mark, span_str("line"));
    CHECK(strtoul(line.raw.ptr, NULL, 10) == i + 1);
    if (strstr(row_text[i], "_rejection") == NULL) {   /* the rest is untouched: cut ours out again */
      size_t at = (size_t)(doc.member[members - 1].key.raw.ptr - b.ptr) - 2, end = (size_t)(mark.raw.ptr - b.ptr) + mark.raw.len;
      CHECK(strncmp(row_text[i], b.ptr, at) == 0);
      CHECK(span_eq(span_str(row_text[i] + at), span_of(b.ptr + end, b.len - end)));
    } else {
      CHECK(memmem(b.ptr, b.len, "\"old\"", 5) == NULL);
    }
    buf_free(&b);
  }
  json_doc_free(&doc);
  scratch_free(s);
  view_unref(w);
  view_unref(v);
  free_rows();
}

static void the_files_do_not_know_the_number_of_threads(void) {
  View *v = random_view(10);
  View *e = apply_op(v, run_edit), *w = apply_op(e, run_reject);
  static const ExportSplit SPLITS[] = { { "train", 0.7 }, { "valid", 0.3 } };
  ExportOptions o = { .split = SPLITS, .nsplits = 2, .seed = 3 };
  char first[65] = "", again[65];
  for (int threads = 1; threads <= 7; threads += 2) {
    ExportOutputs *out = export(w, o, threads);
    snprintf(again, sizeof again, "%s", out->output[2].sum.sha256);
    CHECK(out->output[0].rows + out->output[1].rows == w->standing && out->output[2].rows == w->rejected);
    if (threads == 1) snprintf(first, sizeof first, "%s", again);
    CHECK(strcmp(first, again) == 0);
    Buf train = slurp("train.jsonl"), valid = slurp("valid.jsonl"), rejected = slurp("rejected.jsonl");
    CHECK(train.len + valid.len + rejected.len > 0 && out->output[0].sum.bytes == train.len);
    buf_free(&train);
    buf_free(&valid);
    buf_free(&rejected);
    export_outputs_free(out);
  }
  view_unref(w);
  view_unref(e);
  view_unref(v);
  free_rows();
}

static void the_line_of_a_row_in_its_output_is_known(void) {
  static const char *const LINES[] = {
    "{\"input\":\"a\",\"output\":\"1\"}", "{\"input\":\"b\",\"output\":\"2\"}", "broken", "{\"input\":\"c\",\"output\":\"3\"}",
  };
  Corpus *c = fixture_corpus(LINES, 4);
  View *v = view_new(c), *w = apply_op(v, run_reject);   /* 0 and 3 go, 2 went before */
  ExportOutputs *out = export(w, (ExportOptions){ 0 }, 1);
  CHECK(out->place[0] == 1 && out->line[0] == 1 && out->place[1] == 0 && out->line[1] == 1);
  CHECK(out->place[2] == 1 && out->line[2] == 2 && out->place[3] == 1 && out->line[3] == 3);
  Buf rejected = slurp("rejected.jsonl"), kept = slurp("curated.jsonl");
  CHECK(span_eq(buf_span(&kept), span_str("{\"input\":\"b\",\"output\":\"2\"}\n")));
  CHECK(memmem(rejected.ptr, rejected.len, "\"_raw\":\"broken\"}\n", 17) != NULL);
  buf_free(&rejected);
  buf_free(&kept);
  export_outputs_free(out);
  view_unref(w);
  view_unref(v);
  corpus_unref(c);
}

static void a_line_that_is_no_utf8_is_kept_in_base64(void) {
  static const char *const LINES[] = { "\xFF\xFE" "M" };   /* bytes FF FE 4D: "//5N" */
  Corpus *c = fixture_corpus(LINES, 1);
  View *v = view_new(c);
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, v, 0);
  Buf b = { 0 };
  CHECK(rejection_write(&b, &r, 0) == 0 && memmem(b.ptr, b.len, ",\"_raw_base64\":\"//5N\"}", 22) != NULL);
  buf_free(&b);
  scratch_free(s);
  view_unref(v);
  corpus_unref(c);
}

static int keep_not_b(const void *ctx, const JsonMember *m) {
  (void)ctx;
  return !json_string_is(&m->key, span_str("b"));
}

static void members_are_dropped_and_put_in_by_splicing(void) {
  static const struct { const char *base, *wanted; } CASES[] = {
    { "{\"a\": 1, \"b\": 2, \"c\": 3}", "{\"a\": 1, \"c\": 3,\"new\":[]}" },
    { "{ \"b\": 2 , \"c\": 3 }", "{ \"c\": 3 ,\"new\":[]}" },
    { "{\"b\": {}}", "{\"new\":[]}" },
    { " {} ", " {\"new\":[]} " },
    { "{\"a\":\"x,}\",\"b\":\"y\"}", "{\"a\":\"x,}\",\"new\":[]}" },
  };
  Member add = { span_str("new"), span_str("[]") };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Buf b = { 0 };
    Rewrite w = { .base = span_str(CASES[i].base), .keep = keep_not_b, .add = &add, .nadd = 1 };
    CHECK(splice_rewrite(&b, &w) == 0);
    /* white space behind the last member is where it was; both forms of the second case are fine */
    Buf tight = { 0 };
    for (size_t k = 0; k < b.len; k++) if (b.ptr[k] != ' ') buf_char(&tight, b.ptr[k]);
    Buf wanted = { 0 };
    for (const char *p = CASES[i].wanted; *p != '\0'; p++) if (*p != ' ') buf_char(&wanted, *p);
    CHECK(span_eq(buf_span(&tight), buf_span(&wanted)));
    buf_free(&tight);
    buf_free(&wanted);
    buf_free(&b);
  }
}

static void members_go_into_an_object_that_is_there(void) {
  static const struct { const char *base, *wanted; int status; } CASES[] = {
    { "{\"metadata\": {\"q\": 1, \"topic\": \"old\"}, \"z\": 0}", "{\"metadata\": {\"q\": 1, \"topic\": \"new\",\"none\":null}, \"z\": 0}", 0 },
    { "{\"metadata\": {}}", "{\"metadata\": {\"topic\":\"new\",\"none\":null}}", 0 },
    { "{\"metadata\": null}", "{\"metadata\": {\"topic\":\"new\",\"none\":null}}", 0 },
    { "{\"metadata\": {\"none\": 5}}", "{\"metadata\": {\"none\": 5,\"topic\":\"new\"}}", 0 },
    { "{\"z\": 0}", "{\"z\": 0,\"metadata\":{\"topic\":\"new\",\"none\":null}}", 0 },
    { "{\"metadata\": 5}", "", 1 },
  };
  Member put[] = { { span_str("topic"), span_str("\"new\"") }, { span_str("none"), { NULL, 0 } } };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Buf b = { 0 };
    Rewrite w = { .base = span_str(CASES[i].base), .into = span_str("metadata"), .put = put, .nput = 2 };
    CHECK(splice_rewrite(&b, &w) == CASES[i].status);
    if (CASES[i].status == 0) CHECK(span_eq(buf_span(&b), span_str(CASES[i].wanted)));
    buf_free(&b);
  }
}

/* Chunk 0 takes its time; how far do the others get meanwhile? */
typedef struct Slow { atomic_int first_done; atomic_size_t furthest; } Slow;

static int slow_first(void *ctx, size_t begin, size_t end, int worker, Buf *out, Error *err) {
  Slow *s = ctx;
  (void)worker;
  (void)err;
  if (begin == 0) {
    usleep(100000);
    atomic_store(&s->first_done, 1);
  } else if (!atomic_load(&s->first_done) && begin > atomic_load(&s->furthest)) {
    atomic_store(&s->furthest, begin);
  }
  for (size_t i = begin; i < end; i++)
    if (buf_printf(out, "%zu\n", i) != 0) return -1;
  return 0;
}

static void chunks_wait_for_the_one_that_is_to_be_written(void) {
  enum { N = 20000, GRAIN = 10 };
  char path[300];
  snprintf(path, sizeof path, "%s/ordered", dir);
  Slow slow = { 0 };
  Error err;
  FileSum sum;
  Pool *pool = pool_new(3);
  FileWriter *w = file_create(path, 0600, &err);
  CHECK(w != NULL && ordered_write(pool, N, GRAIN, slow_first, &slow, w, &err) == 0);
  CHECK(file_finish(w, &sum, &err) == 0);
  CHECK(slow.furthest < 3 * 16 * GRAIN);
  FILE *f = fopen(path, "r");
  size_t got, n = 0;
  while (f != NULL && fscanf(f, "%zu", &got) == 1 && got == n) n++;
  CHECK(n == N);
  if (f != NULL) fclose(f);
  unlink(path);
  pool_free(pool);
}

int main(void) {
  strcpy(dir, "/tmp/tamis-test-export-XXXXXX");
  if (mkdtemp(dir) == NULL) return 1;
  RUN(rows_that_nothing_changed_are_written_as_they_were_read);
  RUN(an_edit_changes_one_string_and_no_other_byte);
  RUN(an_edit_that_breaks_a_string_of_json_rejects_the_row);
  RUN(a_rejected_row_is_its_object_and_the_reason);
  RUN(the_files_do_not_know_the_number_of_threads);
  RUN(the_line_of_a_row_in_its_output_is_known);
  RUN(a_line_that_is_no_utf8_is_kept_in_base64);
  RUN(members_are_dropped_and_put_in_by_splicing);
  RUN(members_go_into_an_object_that_is_there);
  RUN(chunks_wait_for_the_one_that_is_to_be_written);
  CHECK(rmdir(dir) == 0);
  return check_done();
}
