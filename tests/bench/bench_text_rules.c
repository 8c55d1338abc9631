/* tests/bench/bench_text_rules.c - the kernels of the rules a CPU second, on texts of words of skewed
** frequency in sentences and lines: 1 KB each (leakage: 1 KB and 1 KB), then what twice the text costs. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rules/rules.h"

enum { TEXTS = 2000, KB = 1024, TIMES = 5 };

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t seed = 7;
static uint32_t draw(uint32_t n) { return (uint32_t)((seed = rules_mix(seed, 3)) % n); }

/* Words of a vocabulary of 4,000; the product of two draws makes the low ones frequent. */
static Span make_text(size_t len) {
  char *p = malloc(len + 32);
  size_t at = 0;
  if (p == NULL) exit(1);
  for (size_t words = 1; at < len; words++) {
    uint32_t id = draw(64) * draw(64), letters = 2 + id % 9;
    for (uint32_t i = 0; i < letters; i++) p[at++] = (char)('a' + rules_mix(id, i) % 26);
    if (words % 12 == 0) p[at++] = '.';
    p[at++] = words % 36 == 0 ? '\n' : ' ';
  }
  return span_of(p, len);
}

static RuleSetup setup_of(const RuleKernel *k) {
  static const char *const STOP[] = { "the", "be", "to", "of", "and", "that", "have", "with", "privacy policy" };
  RuleSetup s = { .wanted = ~UINT32_C(0) };
  for (int i = 0; k->numbers[i] != NULL; i++) s.number[i] = strstr(k->numbers[i], "max") != NULL ? 65536 : 0;
  int stop = rules_number(k, span_str("stop_words"));
  if (stop >= 0) s.number[stop] = 8;
  for (; s.nwords < 9; s.nwords++) s.word[s.nwords] = span_str(STOP[s.nwords]);
  return s;
}

/* CPU seconds for all texts, the best of several. */
static double seconds(const RuleKernel *k, const Span *text, size_t n) {
  RuleSetup s = setup_of(k);
  Finding f[RULES_MAX_MEASURES];
  size_t most = 0;
  for (size_t i = 0; i + 1 < n; i++) {
    size_t r = k->room(&s, text[i], text[i + 1]);
    if (r > most) most = r;
  }
  void *room = malloc(most + 1);
  double best = 1e9;
  if (room == NULL) exit(1);
  for (int t = 0; t < TIMES; t++) {
    double from = cpu();
    for (size_t i = 0; i + 1 < n; i++) {
      rules_absent(f);
      k->run(&s, text[i], text[i + 1], room, f);
    }
    double took = cpu() - from;
    if (took < best) best = took;
  }
  free(room);
  return best;
}

int main(void) {
  static const char *const NAMES[] = { "repetition", "quality", "leakage", "truncated", "encoding", "markup",
                                       "content", "urls" };
  Span one[TEXTS + 1], large[3], twice[3];
  for (size_t i = 0; i <= TEXTS; i++) one[i] = make_text(KB);
  for (size_t i = 0; i < 3; i++) large[i] = make_text(64 * KB), twice[i] = make_text(128 * KB);
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    const RuleKernel *k = rules_kernel(span_str(NAMES[i]));
    if (k == NULL) continue;
    double s = seconds(k, one, TEXTS + 1), a = seconds(k, large, 3), b = seconds(k, twice, 3);
    printf("%-12s all measures  %8.1f MB/CPU s  %9.0f texts/CPU s   64 KB x 2: %.2f times\n", NAMES[i],
           TEXTS * (double)KB / s / 1e6, TEXTS / s, b / a);
  }
  for (size_t i = 0; i <= TEXTS; i++) free((char *)one[i].ptr);
  for (size_t i = 0; i < 3; i++) free((char *)large[i].ptr), free((char *)twice[i].ptr);
  return 0;
}
