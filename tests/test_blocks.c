/* tests/test_blocks.c - the reader with blocks of a few bytes, so that their edges fall everywhere:
** the same rows for any number of threads, any cut into files, and one block for all. */
#define BLOCK_SIZE 7
#define BLOCK_RECORDS 2
#include "../modules/corpus/reader.c"

#include "check.h"
#include "corpus_files.h"

static uint64_t state = 7;
static unsigned draw(unsigned n) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (unsigned)(state % n);
}

/* Some lines: whole, blank, malformed, long; the last with or without a line break. */
static void random_file(Buf *b) {
  static const char *const lines[] = {
    "{\"input\":\"a\",\"output\":\"b\"}", "", " ", "{", "null", "{\"output\":\"\",\"input\":\"a much longer line than a block or two\"}",
    "{\"input\":\"a\",\"output\":\"b\"}\r", "7", "{\"input\":\"x\"}", "\r",
  };
  b->len = 0;
  buf_str(b, "");
  if (draw(4) == 0) buf_str(b, "\xEF\xBB\xBF");
  for (unsigned n = draw(40); n > 0; n--) {
    buf_str(b, lines[draw(10)]);
    if (n > 1 || draw(2) == 0) buf_char(b, '\n');
  }
}

/* The same, by hand: what a person reading the file line by line would count. */
static void count_lines(const Buf *b, uint32_t *rows, uint32_t *blank, uint32_t *last_line) {
  size_t at = b->len >= 3 && memcmp(b->ptr, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  *rows = *blank = *last_line = 0;
  for (uint32_t line = 1; at < b->len; line++) {
    size_t end = at;
    int text = 0;
    for (; end < b->len && b->ptr[end] != '\n'; end++) text |= strchr(" \t\r", b->ptr[end]) == NULL;
    if (text) ++*rows, *last_line = line;
    else ++*blank;
    at = end + 1;
  }
}

static int same_corpus(const Corpus *a, const Corpus *b) {
  int same = a->nrows == b->nrows && a->nstrings == b->nstrings && a->nfaults == b->nfaults;
  same = same && (a->nrows == 0 || memcmp(a->rows, b->rows, a->nrows * sizeof *a->rows) == 0);
  same = same && (a->nrows == 0 || memcmp(a->identity, b->identity, a->nrows * sizeof *a->identity) == 0);
  same = same && (a->nstrings == 0 || memcmp(a->strings, b->strings, a->nstrings * sizeof *a->strings) == 0);
  for (size_t i = 0; same && i < a->nfaults; i++)
    same = a->faults[i].row == b->faults[i].row && a->faults[i].state == b->faults[i].state && a->faults[i].offset == b->faults[i].offset;
  for (size_t i = 0; same && i < a->nsources; i++)
    same = a->sources[i].rows == b->sources[i].rows && a->sources[i].blank == b->sources[i].blank;
  return same;
}

static Corpus *load_files(const char *const *paths, size_t n, int threads, uint64_t limit) {
  SourceSpec spec[8];
  Format *f = pairs_format();
  for (size_t i = 0; i < n; i++) spec[i] = (SourceSpec){ .path = paths[i], .format = NULL };
  Format *formats[] = { f };
  Pool *pool = pool_new(threads);
  LoadOptions o = { .source = spec, .nsources = n, .formats = formats, .nformats = 1, .limit = limit, .pool = pool };
  Corpus *c = corpus_load(&o, &load_error);
  pool_free(pool);
  format_unref(f);
  return c;
}

static void rows_do_not_depend_on_threads_or_blocks(void) {
  Buf b[3] = { { 0 } };
  for (int round = 0; round < 150; round++) {
    const char *paths[3];
    char names[3][160];
    for (int i = 0; i < 3; i++) {
      char name[24];
      random_file(&b[i]);
      snprintf(name, sizeof name, "f%d.jsonl", i);
      snprintf(names[i], sizeof names[i], "%s", write_bytes(name, b[i].ptr, b[i].len));
      paths[i] = names[i];
    }
    uint64_t limit = draw(3) == 0 ? 1 + draw(30) : 0;
    Corpus *one = load_files(paths, 3, 1, limit);
    if (one == NULL) {   /* most rows of a file misfit: then for any number of threads */
      Corpus *two = load_files(paths, 3, 2, limit);
      CHECK(two == NULL && strstr(load_error.text, "rows") != NULL);
      corpus_unref(two);
      continue;
    }
    for (int threads = 2; threads <= 7; threads += 5) {
      Corpus *many = load_files(paths, 3, threads, limit);
      CHECK(many != NULL && same_corpus(one, many));
      corpus_unref(many);
    }
    uint32_t at = 0;
    for (int i = 0; limit == 0 && i < 3; i++) {
      uint32_t rows, blank, last;
      count_lines(&b[i], &rows, &blank, &last);
      CHECK(one->sources[i].rows == rows && one->sources[i].blank == blank);
      at += rows;
      CHECK(rows == 0 || one->rows[at - 1].line == last);
    }
    CHECK(limit == 0 || one->nrows <= limit);
    corpus_unref(one);
  }
  for (int i = 0; i < 3; i++) buf_free(&b[i]);
}

static void a_limit_is_the_front_of_all_rows(void) {
  Buf b = { 0 };
  for (int i = 0; i < 30; i++) buf_printf(&b, "%s{\"input\":\"%d\",\"output\":\"%s\"}\n", i % 3 == 0 ? "\n" : "", i, i % 5 == 0 ? "\\ud800" : "x");
  char path[160];
  snprintf(path, sizeof path, "%s", write_bytes("all.jsonl", b.ptr, b.len));
  const char *paths[] = { path };
  Corpus *all = load_files(paths, 1, 1, 0);
  CHECK(all != NULL && all->nrows == 30 && all->nfaults == 6);
  for (uint64_t limit = 1; limit <= 31; limit++) {
    Corpus *c = load_files(paths, 1, 3, limit);
    uint32_t n = limit < 30 ? (uint32_t)limit : 30;
    CHECK(c != NULL && c->nrows == n && c->nfaults == (n + 4) / 5);
    CHECK(c != NULL && memcmp(c->rows, all->rows, n * sizeof *c->rows) == 0);
    CHECK(c != NULL && c->sources[0].blank == (n < 30 ? (n + 2) / 3 : 10));
    corpus_unref(c);
  }
  corpus_unref(all);
  buf_free(&b);
}

static void records_of_a_table_are_cut_into_blocks_too(void) {
  Buf b = { 0 };
  buf_str(&b, "input,output\n");
  for (int i = 0; i < 25; i++) buf_printf(&b, "\"a\n%d\",%s\n", i, i % 4 == 0 ? "x,y" : "x");
  char path[160];
  snprintf(path, sizeof path, "%s", write_bytes("t.csv", b.ptr, b.len));
  const char *paths[] = { path };
  Corpus *one = load_files(paths, 1, 1, 0), *three = load_files(paths, 1, 3, 0);
  CHECK(one != NULL && three != NULL && same_corpus(one, three));
  CHECK(one != NULL && one->nrows == 25 && one->nfaults == 7 && one->rows[24].line == 50);
  corpus_unref(one);
  corpus_unref(three);
  buf_free(&b);
}

static void an_interrupt_ends_the_load_without_words(void) {
  const char *paths[] = { write_text("some.jsonl", "{\"input\":\"a\",\"output\":\"b\"}\n") };
  interrupt_raise();
  Corpus *c = load_files(paths, 1, 2, 0);
  interrupt_clear();
  CHECK(c == NULL && load_error.text[0] == '\0');
  corpus_unref(c);
}

int main(void) {
  file_path("");
  RUN(rows_do_not_depend_on_threads_or_blocks);
  RUN(a_limit_is_the_front_of_all_rows);
  RUN(records_of_a_table_are_cut_into_blocks_too);
  RUN(an_interrupt_ends_the_load_without_words);
  remove_files();
  return check_done();
}
