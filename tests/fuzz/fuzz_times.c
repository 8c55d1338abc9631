/* tests/fuzz/fuzz_times.c - dates of any bytes: taken or refused, never read past the end. */
#include <stdlib.h>

#include "stats/times.h"

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  char *text = malloc(n > 0 ? n : 1);   /* exact size, so that the sanitizer sees one byte more */
  double t;
  if (text == NULL) return 0;
  if (n > 0) memcpy(text, d, n);
  time_parse(span_of(text, n), &t);
  free(text);
  return 0;
}
