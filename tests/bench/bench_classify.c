/* tests/bench/bench_classify.c - the shipped classifier: MB a CPU second, and that twice the text is twice the time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "classify/classify.h"
#include "fs/fs.h"

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Best of five, in seconds. */
static double score(const Classify *c, Span text) {
  double best = 1e9;
  for (int i = 0; i < 5; i++) {
    double start = cpu();
    if (classify_text(c, text).score > 1) abort();
    double spent = cpu() - start;
    if (spent < best) best = spent;
  }
  return best;
}

int main(void) {
  static const char *const HOSTILE[] = { "a", "a ", "a.", "'", "*", "a*", "a'", "$a", "\xE2\x80\x99" "a", "aaab" };
  enum { BYTES = 1 << 22 };
  Error err;
  Buf file = { 0 };
  Classify *c = NULL;
  if (fs_read("modules/classify/toxicity.weights", 1 << 24, &file, &err) == 0) c = classify_read(buf_span(&file), &err);
  char *text = malloc(2 * BYTES);
  if (c == NULL || text == NULL) {
    printf("bench_classify: %s\n", c == NULL ? err.text : "not enough memory");
    return 1;
  }
  static const char PROSE[] = "The library opens at nine, and closes at five on weekdays. Can I reset my password there? ";
  for (size_t i = 0; i < 2 * BYTES; i++) text[i] = PROSE[i % (sizeof PROSE - 1)];
  double once = score(c, span_of(text, BYTES)), twice = score(c, span_of(text, 2 * BYTES));
  printf("toxicity, prose: %.0f MB/s a core; twice the text, %.2f times the time\n", BYTES / once / 1e6, twice / once);
  for (size_t k = 0; k < sizeof HOSTILE / sizeof *HOSTILE; k++) {
    size_t len = 0;
    while (HOSTILE[k][len] != '\0') len++;
    for (size_t i = 0; i < 2 * BYTES; i++) text[i] = HOSTILE[k][i % len];
    once = score(c, span_of(text, BYTES)), twice = score(c, span_of(text, 2 * BYTES));
    printf("toxicity, \"%s\" over and over: %.0f MB/s, %.2f times\n", HOSTILE[k], BYTES / once / 1e6, twice / once);
  }
  free(text);
  classify_free(c);
  buf_free(&file);
  return 0;
}
