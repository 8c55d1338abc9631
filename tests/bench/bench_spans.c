/* tests/bench/bench_spans.c [TEXTS [BYTES]] - repeated spans of 50 tokens, in MB of text per CPU
** second, beside the floor of reading the tokens alone. English-like words; one text in five holds
** a passage of 60 words of an earlier one. Best of five rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "neardup/spans.h"

enum { ROUNDS = 5, PASSAGE = 60, VOCABULARY = 20000 };

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t state = 42;
static unsigned below(unsigned n) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)((state >> 33) % n);
}

static char word[VOCABULARY][16];

static Span make_text(const Span *made, size_t i, size_t bytes) {
  char *text = malloc(bytes + 1024);
  size_t n = 0, copied = below(5) == 0 && i > 0 ? below((unsigned)bytes) : bytes;
  while (n < bytes) {
    if (n >= copied) {
      const Span *from = &made[below((unsigned)i)];
      size_t at = from->len > 400 ? below((unsigned)from->len - 400) : 0, len = from->len - at < 400 ? from->len - at : 400;
      memcpy(text + n, from->ptr + at, len);
      n += len;
      text[n++] = ' ';
      copied = bytes;
    }
    unsigned u = below(VOCABULARY);
    n += (size_t)sprintf(text + n, "%s ", word[(uint64_t)u * u / VOCABULARY * u / VOCABULARY]);
  }
  return span_of(text, n);
}

int main(int argc, char **argv) {
  size_t n = argc > 1 ? (size_t)atol(argv[1]) : 30000, bytes = argc > 2 ? (size_t)atol(argv[2]) : 1000;
  Span *text = malloc(n * sizeof *text);
  double mb = 0, best = 1e9, floor = 1e9;
  for (int i = 0; i < VOCABULARY; i++)
    for (unsigned k = 0, len = 2 + below(9); k < len; k++) word[i][k] = (char)('a' + below(26));
  for (size_t i = 0; i < n; i++) {
    text[i] = make_text(text, i, bytes);
    mb += (double)text[i].len / 1e6;
  }
  SpanTexts t = span_texts(text, n, 1);
  SpanParams p = { .tokens = 50, .max_share = 1 };
  Spans s = { 0 };
  Words w = { 0 };
  for (int r = 0; r < ROUNDS; r++) {
    Error err;
    double start = cpu_s();
    for (size_t i = 0; i < n; i++)
      if (words_read(&t.source, i, 0, 0, &w) != 0) return 1;
    double read = cpu_s() - start;
    spans_free(&s);
    start = cpu_s();
    if (spans_find(&t.source, &p, NULL, &s, &err) != 0) return 1;
    double all = cpu_s() - start;
    if (all < best) best = all;
    if (read < floor) floor = read;
  }
  printf("spans_tokens_floor %.1f MB/s\n", mb / floor);
  printf("repeated_spans %.1f MB/s\n", mb / best);
  printf("repeated_spans_anchors %.1f bytes_of_text_each\n", mb * 1e6 / (double)s.anchors);
  printf("repeated_spans_found %zu spans_in_%zu_texts\n", s.nspans, n);
  words_free(&w);
  spans_free(&s);
  for (size_t i = 0; i < n; i++) free((char *)text[i].ptr);
  free(text);
  return 0;
}
