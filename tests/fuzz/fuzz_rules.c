/* tests/fuzz/fuzz_rules.c - any bytes through every kernel of the rules: figures are numbers, shares lie
** in 0..1, spans lie in the text. Input: numbers, then the text; what stands behind the first byte 0xFF
** is the other text. */
#include <math.h>
#include <stdlib.h>

#include "rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const NAMES[] = { "repetition", "quality", "leakage", "truncated", "encoding", "markup", "content",
                                     "urls" };

static int is_share(const char *name) { return strstr(name, "fraction") != NULL || strstr(name, "lines") != NULL; }

static void check_figures(const RuleKernel *k, const Finding *f, size_t len) {
  for (int m = 0; k->measures[m] != NULL; m++) {
    if (isinf(f[m].value) || f[m].value < 0 || f[m].start > f[m].end || f[m].end > len) abort();
    if (is_share(k->measures[m]) && f[m].value > 1) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < RULES_MAX_NUMBERS) return 0;
  RuleSetup s = { .wanted = ~UINT32_C(0), .nwords = 3 };
  s.word[0] = span_str("the"), s.word[1] = span_str("answer:"), s.word[2] = span_str("n/a");
  for (int i = 0; i < RULES_MAX_NUMBERS; i++) s.number[i] = data[i] % 8;
  data += RULES_MAX_NUMBERS, len -= RULES_MAX_NUMBERS;
  const uint8_t *cut = memchr(data, 0xFF, len);
  size_t first = cut != NULL ? (size_t)(cut - data) : len, second = cut != NULL ? len - first - 1 : 0;
  char *text = malloc(first + 1), *other = malloc(second + 1);   /* blocks of their own: reading past one is seen */
  if (text == NULL || other == NULL) abort();
  text = realloc(text, first > 0 ? first : 1);
  other = realloc(other, second > 0 ? second : 1);
  memcpy(text, data, first);
  if (second > 0) memcpy(other, cut + 1, second);
  Finding f[RULES_MAX_MEASURES];
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    const RuleKernel *k = rules_kernel(span_str(NAMES[i]));
    if (k == NULL) continue;
    if (rules_run(k, &s, span_of(text, first), span_of(other, second), f) != 0) abort();
    check_figures(k, f, first);
  }
  free(text);
  free(other);
  return 0;
}
