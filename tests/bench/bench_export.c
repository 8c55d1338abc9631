/* tests/bench/bench_export.c - writing what a run leaves: curated.jsonl in MB of CPU time, and
** ledger.db. 200,000 rows of about one kilobyte; CPU time, best of several. The floors beside
** them: the same bytes copied and hashed, and hashed alone. */
#include <math.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "export/export.h"
#include "store/ledger.h"
#include "tests/fixture.h"

enum { ROWS = 200000, ROUNDS = 3 };

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int run_metrics(const RowOp *op, Row *row, Out *out) {
  for (int i = 0; i < op->nmetrics; i++) out_metric(out, i, i % 2 == 0 ? row->index % 1000 : row->index / 7.0);
  return row->index % 5 == 0 ? out_reject_threshold(out, "too_long", FIELD_OUTPUT, 900, 512) : 0;
}
static int run_edit(const RowOp *op, Row *row, Out *out) {
  (void)op;
  RowString s;
  if (row_field_strings(row, FIELD_OUTPUT, &s, 1) != 1) return 0;
  return out_edit(out, &s, span_of(s.text.ptr, s.text.len - 1));
}
static void destroy(RowOp *op) { (void)op; }

static View *apply(const View *v, int (*run)(const RowOp *, Row *, Out *), int metrics) {
  RowOp op, *ops[] = { &op };
  rowop_init(&op, run, destroy);
  for (int i = 0; i < metrics; i++) rowop_add_metric(&op, (char[]){ 'm', (char)('0' + i), 0 });
  uint16_t stage = (uint16_t)corpus_stage(v->corpus, span_str("length"));
  View *w = view_run_group(v, NULL, ops, &stage, 1, NULL, 0, NULL);
  rowop_unref(&op);
  return w;
}

static char dir[64];

static void bench_export(const char *name, const View *v, Pool *pool, ExportOptions o) {
  double best = 1e30, bytes = 0;
  Error err = { "" };
  o.dir = dir;
  o.mode = 0600;
  for (int i = 0; i < ROUNDS; i++) {
    double from = cpu_s();
    ExportOutputs *out = export_write(v, &o, pool, &err);
    double s = cpu_s() - from;
    if (out == NULL) { fprintf(stderr, "%s\n", err.text); exit(1); }
    bytes = 0;
    for (size_t k = 0; k < out->n; k++) {
      bytes += (double)out->output[k].sum.bytes;
      unlink(out->output[k].path);
    }
    export_outputs_free(out);
    if (s < best) best = s;
  }
  printf("%-28s %8.0f MB/s   %.3f CPU s\n", name, bytes / best / 1e6, best);
}

static void bench_ledger(const View *v) {
  char path[128];
  double best = 1e30;
  Error err = { "" };
  snprintf(path, sizeof path, "%s/ledger.db", dir);
  LedgerOptions o = { 0 };
  for (int i = 0; i < ROUNDS; i++) {
    double from = cpu_s();
    if (ledger_write(v, path, &o, &err) != 0) { fprintf(stderr, "%s\n", err.text); exit(1); }
    double s = cpu_s() - from;
    unlink(path);
    if (s < best) best = s;
  }
  printf("%-28s %8.0f rows/s %.3f CPU s\n", "ledger_8_metrics", ROWS / best, best);
}

static void bench_floor(const View *v) {
  static char copy[1 << 20];
  unsigned char digest[32];
  double best = 1e30;
  Span all = span_of(v->corpus->sources[0].bytes, v->corpus->sources[0].len);
  for (int i = 0; i < ROUNDS; i++) {
    double from = cpu_s();
    SHA256((const unsigned char *)all.ptr, all.len, digest);
    double s = cpu_s() - from;
    if (s < best) best = s;
  }
  printf("%-28s %8.0f MB/s\n", "floor_sha256", (double)all.len / best / 1e6);
  best = 1e30;
  for (int i = 0; i < ROUNDS; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s/floor", dir);
    double from = cpu_s();
    FILE *f = fopen(path, "w");
    for (size_t at = 0; at < all.len; at += sizeof copy) {
      size_t n = all.len - at < sizeof copy ? all.len - at : sizeof copy;
      memcpy(copy, all.ptr + at, n);
      fwrite(copy, 1, n, f);
    }
    fclose(f);
    double s = cpu_s() - from;
    unlink(path);
    if (s < best) best = s;
  }
  printf("%-28s %8.0f MB/s\n", "floor_copy_and_write", (double)all.len / best / 1e6);
}

int main(void) {
  const char **line = malloc(ROWS * sizeof *line);
  for (int i = 0; i < ROWS; i++) {
    char *s = malloc(1200);
    int n = snprintf(s, 1200, "{\"input\": \"How do I reset the password of account %d?\", \"output\": \"", i);
    while (n < 950) n += snprintf(s + n, 1200 - (size_t)n, "Open the settings and press \\\"reset\\\" now, %d. ", i * n);
    snprintf(s + n, 1200 - (size_t)n, "\", \"topic\": \"password\", \"n\": 1.50}");
    line[i] = s;
  }
  strcpy(dir, "/tmp/tamis-bench-XXXXXX");
  if (mkdtemp(dir) == NULL) return 1;
  View *v = view_new(fixture_corpus(line, ROWS));
  Pool *pool = pool_new(2);
  ExportSplit splits[] = { { "train", 0.95 }, { "valid", 0.05 } };
  View *rejected = apply(v, run_metrics, 8), *edited = apply(v, run_edit, 0);
  bench_floor(v);
  bench_export("export_as_read", v, pool, (ExportOptions){ 0 });
  bench_export("export_a_fifth_rejected", rejected, pool, (ExportOptions){ 0 });
  bench_export("export_all_edited", edited, pool, (ExportOptions){ 0 });
  bench_export("export_as_messages", v, pool, (ExportOptions){ .format = EXPORT_MESSAGES });
  bench_export("export_splits", v, pool, (ExportOptions){ .split = splits, .nsplits = 2 });
  bench_ledger(rejected);
  rmdir(dir);
  pool_free(pool);
  return 0;
}
