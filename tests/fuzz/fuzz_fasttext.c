/* tests/fuzz/fuzz_fasttext.c - any bytes as a fastText model: what the check lets pass, the library loads
** and predicts with. The first byte picks a whole model that the rest is laid over, so that the checks behind
** the header are reached: pairs of a place and a byte. */
#include <stdlib.h>

#include "lang/fasttext.h"
#include "tests/fasttext_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_model(const char *bytes, size_t len) {
  Error err = { "" };
  if (fasttext_check(span_of(bytes, len), &err) != 0) {
    if (err.text[0] == '\0') abort();
    return;
  }
  if (!fasttext_available()) return;
  FastText *m = fasttext_open(span_of(bytes, len), "fuzz", &err);
  if (m == NULL) return;
  FastTextGuess g[3];
  int n = fasttext_predict(m, span_str("alpha beta gamma </s>\n x"), 3, g);
  for (int i = 0; i < n; i++)
    if (!(g[i].score >= 0 && g[i].score <= 1) || g[i].label[0] == '\0') abort();
  fasttext_unref(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const int LOSSES[] = { MODEL_HS, MODEL_SOFTMAX, MODEL_OVA };
  if (len == 0) return 0;
  if (data[0] % 5 == 4) {
    try_model((const char *)data + 1, len - 1);
    return 0;
  }
  ModelBytes *m = malloc(sizeof *m);
  if (m == NULL) abort();
  if (data[0] % 5 == 3) model_quantized(m);
  else model_plain(m, LOSSES[data[0] % 5]);
  for (size_t i = 1; i + 2 < len; i += 3) m->at[(data[i] << 8 | data[i + 1]) % m->len] = (char)data[i + 2];
  if (m->at[32] == MODEL_NS) m->at[32] = MODEL_OVA;      /* the library fills ten million entries for it */
  char *copy = malloc(m->len);
  if (copy == NULL) abort();
  memcpy(copy, m->at, m->len);
  try_model(copy, m->len);
  free(copy);
  free(m);
  return 0;
}
