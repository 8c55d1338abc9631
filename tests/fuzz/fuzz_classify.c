/* tests/fuzz/fuzz_classify.c - any bytes as a classifier's file; a whole one (checksum mended) scores the rest of them;
** any bytes through a fit and the groups */
#include <math.h>
#include <stdlib.h>

#include "classify/train.h"
#include "hash/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void score(const Classify *c, Span text) {
  ClassifyResult r = classify_text(c, text);
  if (!(r.score >= 0 && r.score <= 1) || r.start > r.end || r.end > text.len) abort();
}

/* The bytes as a header and settings, with the weights and checksum that belong to them. */
static void read_file(const uint8_t *data, size_t len) {
  Buf b = { 0 };
  Error err;
  Classify *c = classify_read(span_of((const char *)data, len), &err);
  classify_free(c);
  if (len < 48 || buf_str(&b, "tamis classify 1\n") != 0 || buf_add(&b, "\0\0\0\0", 4) != 0) abort();
  buf_add(&b, data, 48);
  size_t weights = (size_t)1 << (data[0] % 14);
  for (size_t i = 0; i < weights; i++) buf_char(&b, (char)data[i % len]);
  uint64_t sum = hash_xxh3(buf_span(&b));
  for (int i = 0; i < 8; i++) buf_char(&b, (char)(sum >> 8 * i & 0xFF));
  c = classify_read(buf_span(&b), &err);
  if (c != NULL) {
    ClassifyResult r = classify_text(c, span_of((const char *)data, len));
    if (r.start > r.end || r.end > len) abort();
    Buf again = { 0 };
    if (classify_write(c, &again) != 0 || !span_eq(buf_span(&again), buf_span(&b))) abort();
    buf_free(&again);
  }
  classify_free(c);
  buf_free(&b);
}

static void fit(const uint8_t *data, size_t len) {
  enum { N = 6 };
  TrainText t[N];
  Span span[N];
  uint32_t group[N];
  Error err;
  TrainParams p = { { { 8 + len % 5, 2, 5, 2 }, 1 + len % 20, len % 7, 1 }, 2, 0.1, 3, len };
  for (size_t i = 0; i < N; i++) {
    span[i] = span_of((const char *)data + len * i / N, len * (i + 1) / N - len * i / N);
    t[i] = (TrainText){ span[i], i % 2 == 0, 0, 1 };
  }
  if (train_groups(span, N, 0.1 + (double)(len % 9) / 10, group, &err) != 0) abort();
  for (size_t i = 0; i < N; i++)
    if (group[i] > i) abort();
  Classify *c = train_fit(t, N, &p, span_of("", 0), &err);
  if (c == NULL) abort();
  score(c, span_of((const char *)data, len));
  classify_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  uint8_t *copy = malloc(len + 1);
  memcpy(copy, data, len);
  if (len >= 48) read_file(copy, len);
  fit(copy, len);
  free(copy);
  return 0;
}
