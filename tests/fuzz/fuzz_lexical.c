/* tests/fuzz/fuzz_lexical.c - any texts are fitted to and embedded: all numbers are finite, a text without a feature
** is all zero, and embedding again gives the same. The input is cut into texts at bytes 0. */
#include <math.h>
#include <stdlib.h>

#include "embed/lexical.h"
#include "embed/svd.h"

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

enum { MOST = 64, DIM = 16 };

typedef struct Texts { size_t n; Span text[MOST]; } Texts;

static int text_of(void *ctx, size_t i, int worker, Span *text) {
  (void)worker;
  *text = ((Texts *)ctx)->text[i];
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 1) return 0;
  Texts t = { 0 };
  uint32_t sample[MOST];
  for (size_t at = 1; at < n && t.n < MOST; t.n++) {
    const void *end = memchr(d + at, 0, n - at);
    size_t len = end == NULL ? n - at : (size_t)((const uint8_t *)end - d) - at;
    sample[t.n] = (uint32_t)t.n;
    t.text[t.n] = span_of((const char *)d + at, len);
    at += len + 1;
  }
  LexicalParams p = { .method = d[0] & 8 && svd_available() ? LEXICAL_SVD : LEXICAL_PROJECTION, .features = d[0] & 7,
                      .dim = DIM, .kind = { 1, 0.5f, 1 }, .seed = 1, .sample = MOST,
                      .terms = 1 + (d[0] >> 4) * 8u, .least = 1, .iterations = 1 };
  Lexical *l;
  Error err;
  if (lexical_fit(&l, &p, (LexicalTexts){ t.n, text_of, &t }, sample, t.n, NULL, &err) != 0) abort();
  void *room = l->base.room_new(&l->base);
  for (size_t i = 0; i < t.n; i++) {
    float x[DIM], y[DIM];
    if (l->base.embed(&l->base, room, t.text[i], x) != 0 || l->base.embed(&l->base, room, t.text[i], y) != 0) abort();
    if (memcmp(x, y, sizeof x) != 0) abort();
    for (int j = 0; j < DIM; j++)
      if (!isfinite(x[j])) abort();
  }
  l->base.room_free(room);
  embedder_unref(&l->base);
  return 0;
}
