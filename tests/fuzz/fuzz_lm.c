/* tests/fuzz/fuzz_lm.c - any bytes as a model: refused in words, or read whole, and then it scores any text, writes the
** same bytes again, and its window lies in the text. Input: a byte, then the file, then a text of the length of the
** byte. When the byte is odd, the file is repeated until it is long enough and head and check are made right, so that
** what lies behind them is reached. Of one byte in 16 the text is fitted on too, which costs far more: the
** model of it gives every symbol a probability. */
#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "lm/lm.h"
#include "lm/lm_fit.h"

enum { MOST = 1 << 16, HEAD = 40, CHECKED = 32, FIRST = 4 * (LM_SYMBOLS + 1),
       LEAST = HEAD + FIRST + 4 * 5 + 8 * (LM_PROBES + 1) };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static void put(uint8_t *p, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
}

/* Sizes that fit, letters that ascend, costs in range, and the check. */
static void mend(uint8_t *p, size_t n) {
  size_t letters = p[16] % 5, slots = (n - HEAD - FIRST - 4 * letters) / 8;
  size_t note = n - HEAD - FIRST - 4 * letters - 8 * slots;
  put(p, 0, 8);
  memcpy(p, LM_MAGIC, 8);
  put(p + 8, LM_VERSION, 4);
  put(p + 12, LM_MIN_ORDER + p[12] % (LM_MAX_ORDER - LM_MIN_ORDER + 1), 4);
  put(p + 16, letters, 4);
  put(p + 20, note, 4);
  put(p + 24, slots, 8);
  for (size_t i = 0; i < note; i++) p[HEAD + i] &= 0x7F;
  for (size_t i = 0; i < letters; i++) put(p + HEAD + note + 4 * i, 0xE0 + 7 * i, 4);
  for (size_t i = 0; i < FIRST; i += 2) p[HEAD + note + 4 * letters + i + 1] &= 0x0F;
  put(p + CHECKED, XXH3_64bits_withSeed(p + HEAD, n - HEAD, XXH3_64bits(p, CHECKED)), 8);
}

static void score(const Lm *m, Span text) {
  uint32_t *cost = malloc((text.len + 1) * sizeof *cost);
  LmScore s = lm_score(m, text, cost);
  uint64_t sum = 0;
  for (size_t i = 0; i < text.len; i++) sum += cost[i];
  if (sum != s.units || s.chars > text.len || (text.len > 0) != (s.chars > 0)) abort();
  if (lm_score(m, text, NULL).units != sum) abort();
  for (int sign = -1; sign <= 1; sign += 2) {
    LmWindow w = lm_window(text, cost, 3, sign);
    if (w.start > w.end || w.end > text.len || isnan(w.bits) != (text.len == 0)) abort();
  }
  free(cost);
}

/* The letters of the text; of nearly all inputs fixed ones: to count letters walks a million counters. That the text's
** hash decides keeps the fuzzer from breeding such inputs. */
static void letters_of(LmAlphabet *a, Span text, int own) {
  static const uint32_t fixed[] = { 0xE9, 0x441, 0x20AC, 0x1F600 };
  if (lm_alphabet_init(a, fixed, 4) != 0) abort();
  if (!own) return;
  LmLetters *l = lm_letters_new();
  lm_letters_add(l, text);
  lm_letters_pick(l, 2, a);
  lm_letters_free(l);
}

static void fit(Span text, int own) {
  LmAlphabet a;
  letters_of(&a, text, own);
  LmCounts *c = lm_counts_new(&a, 3, 16);
  if (lm_counts_add(c, text) != 0) abort();
  Error err;
  LmTable *t = lm_table(c, text.len / 2, &err);
  lm_counts_free(c);
  if (t == NULL) {
    if (text.len > 0) abort();
    return;
  }
  uint16_t context[2] = { LM_START, (uint16_t)(unsigned char)text.ptr[0] };
  double sum = 0;
  for (unsigned s = 0; s < 256 + a.nletters; s++) sum += lm_table_p(t, context, 2, s);
  if (fabs(sum - 1) > 1e-9) abort();
  Lm *m = lm_pack(t, text.len > 4 ? span_of("{}", 2) : span_of("", 0));
  score(m, text);
  lm_unref(m);
  lm_table_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 1 || n > MOST) return 0;
  size_t len = d[0] <= n - 1 ? d[0] : n - 1, size = n - 1 - len;
  Span text = span_of((const char *)d + 1 + size, len);
  int whole = (d[0] & 1) && size > 0;
  if (whole && size < LEAST) size = LEAST + size % 64;
  uint8_t *file = malloc(size + 1);
  for (size_t i = 0; i < size; i++) file[i] = d[1 + i % (n - 1 - len)];
  if (whole) mend(file, size);
  Span bytes = span_of((const char *)file, size);
  Error err = { "" };
  Lm *m = lm_read(bytes, "x", &err);
  if ((m == NULL) != (err.text[0] != '\0')) abort();
  if (m != NULL) {
    Buf b = { 0 };
    if (lm_write(m, &b) != 0 || !span_eq(buf_span(&b), bytes)) abort();
    score(m, text);
    buf_free(&b);
    lm_unref(m);
  }
  if (d[0] % 16 == 2) fit(text, d[0] == 242 && XXH3_64bits(text.ptr, text.len) % 64 == 0);
  free(file);
  return 0;
}
