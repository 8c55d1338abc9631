/* tests/fuzz/fuzz_index.c - any bytes as an index: refused in words, or read whole, and then every text
** can be read by every set of fields. Input: a byte, then the file; when the byte is odd, its checks
** are made right first, so that what lies behind them is reached. */
#include <stdlib.h>
#include <xxhash.h>

#include "neardup/index.h"

enum { HEAD = 16, FOOTER = 64, MOST = 4096, FIELDS = (1u << FIELD_COUNT) - 1 };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static void put(uint8_t *p, uint64_t v) {
  for (int i = 0; i < 8; i++) p[i] = (uint8_t)(v >> 8 * i);
}

/* Magic, version, where the tables end, and both checks of head and tables. */
static void mend(uint8_t *file, size_t n) {
  uint8_t all[HEAD + FOOTER - 8], *foot = file + n - FOOTER;
  uint64_t at = 0;
  memcpy(file, "TAMISIDX\1\0\0\0\1\0\0\0", HEAD);
  for (int i = 0; i < 8; i++) at |= (uint64_t)foot[i] << 8 * i;
  at = HEAD + at % (n - HEAD - FOOTER + 1);
  put(foot, at);
  put(foot + 8, n - FOOTER - at);
  put(foot + 24, XXH3_64bits(file + at, n - FOOTER - at));
  memcpy(all, file, HEAD);
  memcpy(all + HEAD, foot, FOOTER - 8);
  put(foot + FOOTER - 8, XXH3_64bits(all, sizeof all));
}

static void read_all(const Index *x) {
  const Index *list[] = { x };
  size_t first[] = { 0, x->n };
  Grams g = { 0 };
  for (unsigned fields = 1; fields <= FIELDS; fields += 2) {
    IndexTexts t = index_texts(list, 1, first, fields, fields & 4 ? GRAM_WORDS : GRAM_CHARS);
    for (size_t i = 0; i < x->n && i < 64; i++)
      if (text_read(&t.source, i, 0, &g, 5) != 0) abort();
  }
  for (size_t i = 0; i < x->n; i++)
    if (x->place[i].source >= x->nsources) abort();
  grams_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 1 || n > MOST) return 0;
  uint8_t *file = malloc(n);
  memcpy(file, d + 1, n - 1);
  if ((d[0] & 1) && n - 1 >= HEAD + FOOTER) mend(file, n - 1);
  Index x;
  Error err = { "" };
  int r = index_read(&x, span_of((const char *)file, n - 1), "x", d[0] >> 1 & 1, NULL, &err);
  if ((r != 0) != (err.text[0] != '\0')) abort();
  if (r == 0 && x.text != NULL) read_all(&x);
  index_free(&x);
  free(file);
  return 0;
}
