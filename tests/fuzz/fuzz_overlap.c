/* tests/fuzz/fuzz_overlap.c - runs of a gold question's words in rows of any bytes, against plain
** comparison of all n-grams. Input: n, then strings that end with a byte 0xFE: a question, its
** answer, and rows of two strings each. */
#include <math.h>
#include <stdlib.h>

#include "neardup/overlap.h"

enum { STRINGS = 26, EACH = 2, MOST = 60, ROWS = (STRINGS - 2) / EACH };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static int in_piece(const Words *w, size_t from, size_t n) {
  for (size_t p = 0; p < w->npieces; p++)
    if (w->piece[p] <= from && from + n <= w->piece[p + 1]) return 1;
  return 0;
}

static int same(const Words *a, size_t i, const Words *b, size_t k, size_t n) {
  if (i + n > a->n || k + n > b->n) return 0;
  for (size_t t = 0; t < n; t++)
    if (!span_eq(words_at(a, i + t), words_at(b, k + t))) return 0;
  return 1;
}

static void check_row(const Words *q, const Words *row, unsigned n, const OverlapMatch *m) {
  uint8_t covered[MOST] = { 0 };
  size_t sum = 0, longest = 0;
  int whole = 0;
  for (size_t k = 0; k < q->n; k++)
    for (size_t i = 0; i < row->n; i++) {
      size_t run = 0;
      while (k + run < q->n && in_piece(row, i, run + 1) && same(q, k, row, i, run + 1)) run++;
      if (run >= n) memset(covered + k, 1, run);
      if (run >= n && run > longest) longest = run;
      whole |= run == q->n && run > 0;
    }
  for (size_t k = 0; k < q->n; k++) sum += covered[k];
  if (q->n >= n) {
    if ((m->gold == 0) != (longest > 0)) abort();
    if (longest > 0 && (m->longest != longest || m->coverage != (double)sum / (double)q->n)) abort();
    if (longest > 0 && m->contained != whole) abort();
    if (longest > 0 && !(m->overlap > 0 && m->overlap <= 1.0000001 && m->last >= m->first)) abort();
  } else if (m->gold == 0 && !(m->contained && whole && m->answer >= 0.5)) {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 3) return 0;
  Span s[STRINGS];
  size_t strings = 0;
  for (size_t i = 1; i < n && strings < STRINGS;) {
    size_t from = i, most = strings == 0 ? 40 : MOST;   /* fewer than OVERLAP_RUNS_MOST diagonals */
    while (i < n && d[i] != 0xFE && i - from < most) i++;
    s[strings++] = span_of((const char *)d + from, i - from);
    i++;
  }
  while (strings < 2 || strings % EACH != 0) s[strings++] = span_of("", 0);
  size_t rows = (strings - 2) / EACH;
  SpanTexts question = span_texts(s, 1, 1), answer = span_texts(s + 1, 1, 1), text = span_texts(s + 2, rows, EACH);
  OverlapParams p = { .ngram = OVERLAP_LEAST + d[0] % 6, .common = 1, .shortest = 4,
                      .distance = d[0], .answer_run = 3, .answered = 0.5, .threshold = 1e-9,
                      .with_answer = 1e-9, .contained = 1 };
  OverlapMatch out[ROWS + 1];
  Error err;
  if (overlap_find(&text.source, &question.source, &answer.source, &p, NULL, out, &err) != 0) abort();
  Words q = { 0 }, w = { 0 };
  if (words_read(&question.source, 0, 0, WORDS_BARE, &q) != 0) abort();
  for (size_t i = 0; i < rows; i++) {
    if (words_read(&text.source, i, 0, WORDS_BARE, &w) != 0) abort();
    check_row(&q, &w, p.ngram, &out[i]);
  }
  words_free(&q);
  words_free(&w);
  return 0;
}
