/* tests/fuzz/fuzz_clusters.c - any bytes as a file of topics: refused in words, or read whole, and then it writes the
** same bytes again, its centroids are of length 1, and each matches itself. And the words of any text lie in it, in
** order. When the first byte is odd, head and check are made right and the centroids of length 1, so that what lies
** behind them is reached. */
#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "topics/model.h"
#include "topics/terms.h"

enum { MOST = 1 << 14, HEAD = 32, CHECKED = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static void put(uint8_t *p, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
}

/* Sizes that fit, a note of ASCII, centroids of one 1 each, and the check. */
static size_t mend(uint8_t *p, size_t n) {
  size_t k = 1 + p[12] % 4, dim = 1 + p[16] % 9, least = HEAD + 4 * k * dim, note = n > least ? n - least : 0;
  memcpy(p, TOPIC_MODEL_MAGIC, 8);
  put(p + 8, TOPIC_MODEL_VERSION, 4);
  put(p + 12, k, 4);
  put(p + 16, dim, 4);
  put(p + 20, note, 4);
  for (size_t i = 0; i < note; i++) p[HEAD + i] &= 0x7F;
  for (size_t i = 0; i < k; i++) {
    float x[9] = { 0 };
    x[i % dim] = p[HEAD] % 2 ? 1 : -1;
    memcpy(p + HEAD + note + 4 * i * dim, x, 4 * dim);
  }
  n = least + note;
  put(p + CHECKED, XXH3_64bits_withSeed(p + HEAD, n - HEAD, XXH3_64bits(p, CHECKED)), 8);
  return n;
}

static void words(Span text) {
  size_t at = 0;
  int joined;
  const char *behind = text.ptr;
  for (Span w; (w = terms_word(text, &at, &joined)).ptr != NULL;) {
    if (w.len == 0 || w.ptr < behind || w.ptr + w.len != text.ptr + at || at > text.len) abort();
    if (joined && w.ptr != behind && (w.ptr != behind + 1 || *behind != ' ')) abort();
    behind = w.ptr + w.len;
  }
}

static void check(const Centroids *c, Span note, Span bytes) {
  Buf b = { 0 };
  if (topic_model_write(c, note, &b) != 0 || !span_eq(buf_span(&b), bytes)) abort();
  buf_free(&b);
  TopicPair *pair = malloc(c->k * sizeof *pair);
  int64_t pairs = topic_model_match(c, c, 0.5, pair);
  if (pairs < 1 || pairs > c->k || pair[0].cosine != 1) abort();
  for (uint32_t i = 0; i < c->k; i++)
    if (!(fabs(c->inverse[i] - 1) < 1e-3)) abort();
  free(pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 1 || n > MOST) return 0;
  size_t size = n - 1;
  uint8_t *file = calloc(1, size + HEAD + 4 * 4 * 9 + 1);
  memcpy(file, d + 1, size);
  words(span_of((const char *)file, size));
  if (d[0] & 1) size = mend(file, size);
  Span bytes = span_of((const char *)file, size), note = { 0 };
  Error err = { "" };
  Centroids c;
  int code = topic_model_read(bytes, "x", &c, &note, &err);
  if ((code != 0) != (err.text[0] != '\0') || (code != 0) != (c.x == NULL) || (code != 0 && (d[0] & 1))) abort();
  if (code == 0) check(&c, note, bytes);
  centroids_free(&c);
  free(file);
  return 0;
}
