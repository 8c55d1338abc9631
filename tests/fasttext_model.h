/* tests/fasttext_model.h - a fastText model written by hand, for tests and the fuzzer: two dimensions,
** the words "</s>" (0, 0), "alpha" (1, 0), "beta" (0, 1), the labels "a" (2, 0) and "b" (0, 2). With the
** end of the line, which counts as a word, "alpha" has the mean (0.5, 0) and so the sums 1 and 0. */
#ifndef TAMIS_FASTTEXT_MODEL_H
#define TAMIS_FASTTEXT_MODEL_H

#include <stdint.h>
#include <string.h>

enum { MODEL_HS = 1, MODEL_NS, MODEL_SOFTMAX, MODEL_OVA, MODEL_ROOM = 1 << 14 };

typedef struct ModelBytes {
  char at[MODEL_ROOM];
  size_t len;
} ModelBytes;

static inline void model_put(ModelBytes *m, const void *p, size_t n) {
  memcpy(m->at + m->len, p, n);
  m->len += n;
}
static inline void model_int(ModelBytes *m, int32_t v) { model_put(m, &v, 4); }
static inline void model_long(ModelBytes *m, int64_t v) { model_put(m, &v, 8); }
static inline void model_float(ModelBytes *m, float v) { model_put(m, &v, 4); }
static inline void model_byte(ModelBytes *m, int v) { m->at[m->len++] = (char)v; }
static inline void model_word(ModelBytes *m, const char *s, int64_t count, int label) {
  model_put(m, s, strlen(s) + 1);
  model_long(m, count);
  model_byte(m, label);
}

static inline void model_head(ModelBytes *m, int loss, int buckets, int maxn) {
  const int32_t settings[] = { 793712314, 12, 2, 5, 5, 1, 5, 1, loss, 3, buckets, maxn > 0, maxn, 100 };
  m->len = 0;
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) model_int(m, settings[i]);
  double t = 1e-4;
  model_put(m, &t, sizeof t);
}

static inline void model_words(ModelBytes *m, int64_t npruned) {
  model_int(m, 5), model_int(m, 3), model_int(m, 2);
  model_long(m, 100), model_long(m, npruned);
  model_word(m, "</s>", 40, 0), model_word(m, "alpha", 30, 0), model_word(m, "beta", 20, 0);
  model_word(m, "__label__a", 6, 1), model_word(m, "__label__b", 4, 1);
}

static inline void model_floats(ModelBytes *m, int64_t rows, const float *v) {
  model_long(m, rows), model_long(m, 2);
  for (int64_t i = 0; i < rows * 2; i++) model_float(m, v[i]);
}

/* Numbers as they are. */
static inline void model_plain(ModelBytes *m, int loss) {
  static const float IN[] = { 0, 0, 1, 0, 0, 1 }, OUT[] = { 2, 0, 0, 2 };
  model_head(m, loss, 0, 0);
  model_words(m, -1);
  model_byte(m, 0), model_floats(m, 3, IN);
  model_byte(m, 0), model_floats(m, 2, OUT);
}

/* The same rows by a quantizer of one part: code i is the vector (i % 2, i / 2 % 2). Character n-grams
** of one and two, of which two buckets are kept: their rows are (0, 0). */
static inline void model_quantized(ModelBytes *m) {
  static const float OUT[] = { 2, 0, 0, 2 };
  static const char CODES[] = { 0, 1, 2, 0, 0 };
  model_head(m, MODEL_SOFTMAX, 100, 2);
  model_words(m, 2);
  model_int(m, 7), model_int(m, 0), model_int(m, 9), model_int(m, 1);
  model_byte(m, 1), model_byte(m, 0), model_long(m, 5), model_long(m, 2);
  model_int(m, 5), model_put(m, CODES, 5);
  model_int(m, 2), model_int(m, 1), model_int(m, 2), model_int(m, 2);
  for (int i = 0; i < 256; i++) model_float(m, (float)(i % 2)), model_float(m, (float)(i / 2 % 2));
  model_byte(m, 0), model_floats(m, 2, OUT);
}

#endif
