/* tests/bench/bench_embed.c - what embedding texts without a model costs a CPU second: reading them as bags of words,
** counting in how many texts a word stands, and making the vectors, by projection and by the decomposition; then the
** decomposition itself, and importance weights. The texts are those of ../shared/data where that is, lines as they are,
** as rows of about 600 bytes; else words of a made vocabulary. */
#include <stdio.h>
#include <stdlib.h>

#include "embed/lexical.h"
#include "embed/svd.h"
#include "select/importance.h"
#include "tests/bench/texts.h"

enum { TIMES = 3, ROW = 600, MADE = 24 << 20, SAMPLE = 20000 };

/* Words of a skewed vocabulary of 40,000. */
static void make_words(Buf *b) {
  while (b->len < MADE) {
    uint32_t id = draw(200) * draw(200), letters = 2 + id % 9;
    for (uint32_t i = 0; i < letters; i++) buf_char(b, (char)('a' + (id * 31 + i * i * 17 + i * (id >> 7)) % 26));
    buf_char(b, ' ');
  }
}

typedef struct Rows { Span all; size_t n; } Rows;

static int text_of(void *ctx, size_t i, int worker, Span *text) {
  (void)worker;
  Rows *r = ctx;
  size_t at = i * ROW;
  *text = span_of(r->all.ptr + at, r->all.len - at < ROW ? r->all.len - at : ROW);
  return 0;
}

static void tell(const char *what, Rows *rows, double seconds) {
  printf("  %-44s %8.1f MB/CPU s  %9.0f rows/CPU s\n", what, (double)rows->all.len / seconds / 1e6,
         (double)rows->n / seconds);
}

static void bench_bag(Rows *rows, unsigned kinds, const char *what) {
  Bag b = { 0 };
  double read = 1e9, count = 1e9;
  for (int t = 0; t < TIMES; t++)
    for (int counted = 0; counted < 2; counted++) {
      double from = cpu();
      for (size_t i = 0; i < rows->n; i++) {
        Span text;
        text_of(rows, i, 0, &text);
        if (bag_read(&b, text, kinds) != 0 || (counted && bag_count(&b) != 0)) exit(1);
      }
      double took = cpu() - from, *best = counted ? &count : &read;
      if (took < *best) *best = took;
    }
  char name[64];
  snprintf(name, sizeof name, "bag of %s, read", what);
  tell(name, rows, read);
  snprintf(name, sizeof name, "bag of %s, read and counted", what);
  tell(name, rows, count);
  bag_free(&b);
}

static void bench_lexical(Rows *rows, LexicalParams p, const char *what) {
  uint32_t *sample = malloc(SAMPLE * sizeof *sample), n = 0;
  size_t step = rows->n / SAMPLE + 1;
  for (size_t i = 0; i < rows->n && n < SAMPLE; i += step) sample[n++] = (uint32_t)i;
  double fit = 1e9, make = 1e9;
  Lexical *l = NULL;
  Error err = { "" };
  for (int t = 0; t < (p.method == LEXICAL_SVD ? 1 : TIMES); t++) {
    if (l != NULL) embedder_unref(&l->base);
    double from = cpu();
    if (lexical_fit(&l, &p, (LexicalTexts){ rows->n, text_of, rows }, sample, n, NULL, &err) != 0) {
      printf("  %s: %s\n", what, err.text);
      free(sample);
      return;
    }
    double took = cpu() - from;
    if (took < fit) fit = took;
  }
  void *room = l->base.room_new(&l->base);
  float *x = malloc(p.dim * sizeof *x);
  for (int t = 0; t < TIMES; t++) {
    double from = cpu();
    for (size_t i = 0; i < rows->n; i++) {
      Span text;
      text_of(rows, i, 0, &text);
      if (l->base.embed(&l->base, room, text, x) != 0) exit(1);
    }
    double took = cpu() - from;
    if (took < make) make = took;
  }
  char name[64];
  snprintf(name, sizeof name, "%s, fitting", what);
  tell(name, rows, fit);
  snprintf(name, sizeof name, "%s, vectors", what);
  tell(name, rows, make);
  snprintf(name, sizeof name, "%s, both", what);
  tell(name, rows, fit + make);
  if (p.method == LEXICAL_SVD) {
    double head = 0, all = 0;
    for (uint32_t j = 0; j < p.dim; j++) all += l->energy[j], head += j < 64 ? l->energy[j] : 0;
    printf("  %-44s %.2f CPU s; %u rows, %u terms; energy %.3f, of it in the first 64 %.3f\n", "  fitting", fit,
           (unsigned)l->sampled, (unsigned)l->nterms, all, head);
  }
  l->base.room_free(room);
  embedder_unref(&l->base);
  free(x);
  free(sample);
}

static void bench_importance(Rows *rows) {
  ImportanceShape shape = { .features = BAG_WORDS | BAG_BIGRAMS, .buckets = 10000 };
  ImportanceCounts c;
  Bag b = { 0 };
  double best = 1e9;
  for (int t = 0; t < TIMES; t++) {
    if (importance_counts_new(&c, shape) != 0) exit(1);
    double from = cpu();
    for (size_t i = 0; i < rows->n; i++) {
      Span text;
      text_of(rows, i, 0, &text);
      if (importance_add(&c, &b, text) != 0) exit(1);
    }
    double took = cpu() - from;
    if (took < best) best = took;
    importance_counts_free(&c);
  }
  bag_free(&b);
  tell("importance, words and pairs, one pass", rows, best);
}

int main(int argc, char **argv) {
  static const char *const FILES[] = { "raw_tickets.jsonl", "raw_multilingual.jsonl", "raw_math.jsonl", "alpaca.json",
                                       "sharegpt.jsonl", "openai_messages.jsonl", "eval_gsm8k_test.jsonl" };
  Buf text = { 0 };
  char path[256];
  for (size_t i = 0; argc < 2 && i < sizeof FILES / sizeof *FILES; i++) {
    snprintf(path, sizeof path, "../shared/data/%s", FILES[i]);
    add_file(&text, path);
  }
  for (int i = 1; i < argc; i++) add_file(&text, argv[i]);
  int made = text.len == 0;
  if (made) make_words(&text);
  Rows rows = { buf_span(&text), (text.len + ROW - 1) / ROW };
  printf("%s: %.1f MB, %zu rows of %d bytes\n", made ? "made words" : "real texts", (double)text.len / 1e6, rows.n,
         ROW);
  bench_bag(&rows, BAG_WORDS, "words");
  bench_bag(&rows, BAG_WORDS | BAG_BIGRAMS, "words and pairs");
  bench_bag(&rows, BAG_CHARS, "characters");
  LexicalParams p = { .method = LEXICAL_PROJECTION, .features = BAG_WORDS, .dim = 256, .kind = { 1, 0.5f, 1 },
                      .seed = 42, .sample = SAMPLE, .terms = 65536, .least = 2, .iterations = 2 };
  bench_lexical(&rows, p, "projection, words");
  p.features |= BAG_BIGRAMS;
  bench_lexical(&rows, p, "projection, words and pairs");
  p.features = BAG_CHARS;
  bench_lexical(&rows, p, "projection, characters");
  p.features = BAG_WORDS | BAG_BIGRAMS;
  p.method = LEXICAL_SVD;
  bench_lexical(&rows, p, "svd, words and pairs");
  bench_importance(&rows);
  buf_free(&text);
  return 0;
}
