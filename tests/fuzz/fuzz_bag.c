/* tests/fuzz/fuzz_bag.c - any bytes become the same features by each path, and counting loses none. */
#include <stdlib.h>

#include "text/bag.h"

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 1) return 0;
  unsigned kinds = d[0] & 7;
  Bag a = { 0 }, b = { 0 };
  Span text = span_of((const char *)d + 1, n - 1);
  if (bag_read_path(SIMD_PORTABLE, &a, text, kinds) != 0 || bag_read(&b, text, kinds) != 0) abort();
  if (a.n != b.n || a.words != b.words || (a.n > 0 && memcmp(a.hash, b.hash, a.n * sizeof *a.hash) != 0)) abort();
  size_t all = a.n, sum = 0;
  if (bag_count(&a) != 0) abort();
  for (size_t i = 0; i < a.n; i++) sum += a.count[i];
  if (sum != all) abort();
  bag_free(&a);
  bag_free(&b);
  return 0;
}
