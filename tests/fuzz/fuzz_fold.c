/* tests/fuzz/fuzz_fold.c - every path folds any bytes alike, within its room, and once is enough
** (but where dropped punctuation stood inside broken UTF-8). */
#include <stdlib.h>

#include "text/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 1) return 0;
  int flags = d[0] & 1 ? FOLD_DROP_PUNCTUATION : 0, ascii_a = 1, ascii_b = 1;
  Span text = span_of((const char *)d + 1, n - 1);
  char *a = malloc(fold_room(text.len)), *b = malloc(fold_room(text.len));
  if (a == NULL || b == NULL) abort();
  size_t na = fold_text_path(SIMD_PORTABLE, a, text, flags, &ascii_a);
  size_t nb = fold_text(b, text, flags, &ascii_b);
  if (na != nb || memcmp(a, b, na) != 0 || ascii_a != ascii_b) abort();
  char *again = malloc(fold_room(na));
  if (again == NULL) abort();
  if (flags == 0 &&
      (fold_text(again, span_of(a, na), flags, NULL) != na || memcmp(again, a, na) != 0))
    abort();
  free(a);
  free(b);
  free(again);
  return 0;
}
