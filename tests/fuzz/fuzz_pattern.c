/* tests/fuzz/fuzz_pattern.c - any pattern over any subject ends within its steps, reads nothing
** outside the two, and gives captures inside the subject. The first byte tells where the pattern
** ends. */
#include <stdlib.h>

#include "text/pattern.h"

enum { STEPS = 20000 };

static char *copy(const uint8_t *from, size_t len) {   /* its own block, so that a byte too far is seen */
  char *s = malloc(len + (len == 0));
  if (s == NULL) abort();
  memcpy(s, from, len);
  return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n == 0) return 0;
  size_t plen = d[0] < n - 1 ? d[0] : n - 1, slen = n - 1 - plen;
  char *p = copy(d + 1, plen), *s = copy(d + 1 + plen, slen);
  Match m;
  match_init(&m, span_of(s, slen), span_of(p, plen), STEPS);
  const char *end, *at = match_search(&m, s, &end);
  if (at != NULL && (at < s || end < at || end > s + slen)) abort();
  for (int i = 0; at != NULL && i < m.ncaptures; i++) {
    const PatternCapture *c = &m.capture[i];
    if (c->len == PATTERN_OPEN || c->start < s || c->start > s + slen) abort();
    if (c->len >= 0 && c->len > s + slen - c->start) abort();
  }
  free(p);
  free(s);
  return 0;
}
