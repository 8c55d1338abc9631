/* tests/bench/bench_load.c - load + validate + decode of JSONL against simdjson's DOM parse of each
** line, on the same bytes, one thread, CPU seconds; and the memory that a loaded row takes.
**   build/bench/bench_load [FILE.jsonl …]     without files: 200,000 made rows of about 1 KB */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "corpus/json.h"
#include "corpus/reader.h"
#include "corpus/simdjson_shim.h"

enum { ROUNDS = 7 };

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static long anonymous_kb(void) {
  char line[256];
  long kb = -1;
  FILE *f = fopen("/proc/self/status", "r");
  while (f != NULL && fgets(line, sizeof line, f) != NULL)
    if (sscanf(line, "RssAnon: %ld", &kb) == 1) break;
  if (f != NULL) fclose(f);
  return kb;
}

static uint64_t state = 42;
static unsigned draw(unsigned n) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (unsigned)(state % n);
}

/* Words, now and then a line break or a quote in escapes, and in one row of seven some accents. */
static void put_text(FILE *f, int chars, int accents) {
  static const char *const words[] = { "account", "please", "the", "order", "of", "I", "password", "reset", "is", "my", "invoice", "number" };
  static const char *const foreign[] = { "café", "naïve", "Größe", "être", "日本語" };
  for (int n = 0; n < chars;) {
    unsigned k = draw(60);
    if (k == 0) n += fprintf(f, ".\\n");
    else if (k == 1) n += fprintf(f, "\\\"%s\\\" ", words[draw(12)]);
    else if (accents && k < 8) n += fprintf(f, "%s ", foreign[draw(5)]);
    else n += fprintf(f, "%s ", words[draw(12)]);
  }
}

static void make_rows(const char *path, int rows) {
  FILE *f = fopen(path, "w");
  for (int i = 0; i < rows; i++) {
    int accents = draw(7) == 0;
    fprintf(f, "{\"id\": %d, \"input\": \"", i);
    put_text(f, 400, accents);
    fprintf(f, "\", \"output\": \"");
    put_text(f, 500, accents);
    fprintf(f, "\", \"topic\": \"billing\", \"meta\": {\"at\": 1717171717171, \"score\": 0.25, \"tags\": [\"a\", \"b\"]}}\n");
  }
  fclose(f);
}

static double parse_dom(const Source *s, uint64_t *rows) {
  SimdjsonDom *dom = simdjson_dom_new();
  double best = 1e9;
  for (int r = 0; r < ROUNDS; r++) {
    double t = cpu_seconds();
    *rows = 0;
    for (const char *p = s->bytes, *end = p + s->len; p < end;) {
      const char *stop = memchr(p, '\n', (size_t)(end - p));
      if (stop == NULL) stop = end;
      *rows += (uint64_t)simdjson_dom_parse(dom, p, (size_t)(stop - p));
      p = stop + 1;
    }
    t = cpu_seconds() - t;
    if (t < best) best = t;
  }
  simdjson_dom_free(dom);
  return best;
}

/* Decodes every string of the format, as a stage that reads all fields would. */
static uint64_t decode_all(const Corpus *c) {
  static char out[1 << 20];
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < c->nrows; i++) {
    const char *row = corpus_row_bytes(c, i).ptr;
    const StringRef *s = corpus_row_strings(c, i);
    for (int k = 0; k < c->rows[i].nstrings; k++) {
      Span raw = span_of(row + s[k].start, s[k].len);
      bytes += s[k].escaped && raw.len < sizeof out ? json_decode(raw, out) : raw.len;
    }
  }
  return bytes;
}

static Format *pairs(void) {
  Error err;
  Format *f = format_new(span_str("pairs"));
  Span input[] = { span_str("input"), span_str("instruction"), span_str("question") }, output[] = { span_str("output"), span_str("answer") };
  format_add_slot(f, FIELD_INPUT, SHAPE_TEXT, 0, input, 3, &err);
  format_add_slot(f, FIELD_OUTPUT, SHAPE_TEXT, 0, output, 2, &err);
  return f;
}

static void bench(const char *path, const char *name) {
  Format *f = pairs();
  SourceSpec spec = { .path = path, .format = f };
  LoadOptions o = { .source = &spec, .nsources = 1 };
  Error err;
  double load = 1e9, both = 1e9;
  uint64_t text = 0, rows = 0;
  long before = anonymous_kb(), held = 0;
  Corpus *c = NULL;
  for (int r = 0; r < ROUNDS; r++) {
    corpus_unref(c);
    double t = cpu_seconds();
    c = corpus_load(&o, &err);
    if (c == NULL) {
      printf("# %s: %s\n", name, err.text);
      format_unref(f);
      return;
    }
    double loaded = cpu_seconds() - t;
    if (r == 0) held = anonymous_kb() - before;
    text = decode_all(c);
    t = cpu_seconds() - t;
    if (loaded < load) load = loaded;
    if (t < both) both = t;
  }
  double mb = (double)c->sources[0].len / 1e6, dom = parse_dom(&c->sources[0], &rows);
  printf("%s.rows %u rows\n", name, c->nrows);
  printf("%s.simdjson_dom %.0f MB/s\n", name, mb / dom);
  printf("%s.load %.0f MB/s\n", name, mb / load);
  printf("%s.load_and_decode %.0f MB/s\n", name, mb / both);
  printf("%s.ratio_to_simdjson_dom %.2f x\n", name, dom / both);
  printf("%s.anonymous_memory %.1f bytes/row\n", name, 1024.0 * (double)held / c->nrows);
  printf("%s.anonymous_memory_allowed %.1f bytes/row\n", name, 0.5 * (double)text / c->nrows + 150);
  corpus_unref(c);
  format_unref(f);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) bench(argv[i], strrchr(argv[i], '/') != NULL ? strrchr(argv[i], '/') + 1 : argv[i]);
  if (argc > 1) return 0;
  char path[] = "/tmp/tamis-bench-XXXXXX.jsonl";
  int fd = mkstemps(path, 6);
  if (fd < 0) return 1;
  close(fd);
  make_rows(path, 200000);
  bench(path, "load_1kb");
  if (getenv("KEEP") == NULL) unlink(path); else printf("# kept %s\n", path);
  static const char *const real[] = { "raw_tickets.jsonl", "raw_math.jsonl", "eval_gsm8k_test.jsonl", "raw_multilingual.jsonl" };
  for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
    char file[256];
    struct stat st;
    snprintf(file, sizeof file, "../shared/data/%s", real[i]);
    if (stat(file, &st) == 0) bench(file, real[i]);
    else printf("# skip: no %s\n", file);
  }
  return 0;
}
