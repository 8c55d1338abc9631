/* tests/bench/bench_recur.c - boilerplate's sentences a CPU second: splitting and hashing alone, and the whole search
** (two passes, and a third that measures each text); on texts of 1 KB of which a tenth share sentences. Then what twice
** the text costs, and the memory that the search takes. And contradictions: two answers of 1 KB compared. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "conflict/answers.h"
#include "core/spill.h"
#include "recur/recur.h"
#include "text/fold.h"

enum { TEXTS = 8000, KB = 1024, TIMES = 5, SHARED = 40 };

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t seed = 7;
static uint32_t draw(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

static size_t add_sentence(char *p, uint64_t words) {
  uint64_t mine = seed;
  size_t at = 0;
  seed = words != 0 ? words : seed;
  for (int w = 6 + (int)draw(12); w > 0; w--) {
    for (int l = 2 + (int)draw(8); l > 0; l--) p[at++] = (char)('a' + draw(26));
    p[at++] = w > 1 ? ' ' : '.';
  }
  p[at++] = draw(4) ? ' ' : '\n';
  if (words != 0) seed = mine;
  return at;
}

static Span make_text(size_t len) {
  char *p = malloc(len + 512);
  size_t at = 0;
  if (p == NULL) exit(1);
  while (at < len) at += add_sentence(p + at, draw(10) == 0 ? 1 + draw(SHARED) : 0);
  return span_of(p, len);
}

typedef struct Plain { RecurTexts texts; const Span *text; } Plain;
static Span plain_text(const RecurTexts *t, size_t i, int worker) {
  (void)worker;
  return ((const Plain *)t)->text[i];
}

static double split_all(const Span *text, size_t n, char *room) {
  double from = cpu();
  uint64_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    size_t at = 0;
    Sentence s;
    while ((s = sentence_next(NULL, text[i], &at)).text.ptr != NULL) sum += sentence_key(s.text, room).lo;
  }
  double took = cpu() - from;
  return sum == 1 ? 0 : took;
}

static double search_all(const Span *text, size_t n, char *room, size_t *found) {
  Plain t = { { n, plain_text }, text };
  RecurParams p = { .min_words = 4, .max_df = 0.002, .min_rows = 10 };
  Recur r;
  Error err;
  double from = cpu();
  if (recur_find(&t.texts, &p, NULL, &r, &err) != 0) exit(1);
  RecurShare share = { 0, 0 };
  for (size_t i = 0; i < n; i++) recur_measure(&r, &p, text[i], 1, room, &share, NULL, 0);
  *found = r.n;
  double took = cpu() - from;
  recur_free(&r);
  return took;
}

static double compare_all(const Span *text, size_t n) {
  ConflictRules r = { .signals = ~0u, .alike = 0.8, .label_words = 6, .shingle = 5 };
  Answer a = { 0 }, b = { 0 };
  double from = cpu();
  for (size_t i = 0; i + 1 < n; i += 2) {
    if (answer_read(&a, &r, text[i]) != 0 || answer_read(&b, &r, text[i + 1]) != 0) exit(1);
    if (answers_conflict(&r, &a, &b, 1) < 0) exit(1);
  }
  double took = cpu() - from;
  answer_free(&a);
  answer_free(&b);
  return took;
}

static double least(double a, double b) { return a < b ? a : b; }

int main(void) {
  static Span one[TEXTS], large[3], twice[3];
  size_t found = 0;
  char *room = malloc(fold_room(256 * KB));
  double split = 1e9, search = 1e9, pair = 1e9, a = 1e9, b = 1e9;
  if (room == NULL) return 1;
  for (size_t i = 0; i < TEXTS; i++) one[i] = make_text(KB);
  for (size_t i = 0; i < 3; i++) large[i] = make_text(64 * KB), twice[i] = make_text(128 * KB);
  for (int t = 0; t < TIMES; t++) {
    split = least(split, split_all(one, TEXTS, room));
    search = least(search, search_all(one, TEXTS, room, &found));
    pair = least(pair, compare_all(one, TEXTS));
    a = least(a, split_all(large, 3, room));
    b = least(b, split_all(twice, 3, room));
  }
  double mb = TEXTS * (double)KB / 1e6;
  printf("sentences, split and hashed         %8.1f MB/CPU s   64 KB x 2: %.2f times\n", mb / split, b / a);
  printf("boilerplate, three readings in all  %8.1f MB/CPU s   %zu sentences recur\n", mb / search, found);
  printf("conflict, answers read and compared %8.1f MB/CPU s\n", mb / pair);
  return 0;
}
