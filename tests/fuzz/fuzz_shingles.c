/* tests/fuzz/fuzz_shingles.c - shingles of code points and of words of any bytes, some masked, against
** plain lists of them; hashes alike by both SIMD paths.
** Input: unit and shingle, share, fewest and rest of the mask, then texts that end with a byte 0xFE,
** whose two fields a byte 0xFF parts. */
#define PLAIN_UNITS 512
#include <stdlib.h>

#include "neardup/mask.h"
#include "neardup/verify.h"
#include "tests/plain_grams.h"

enum { TEXTS = 12, MOST = 120 };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static size_t read_texts(const uint8_t *d, size_t n, Span *field) {
  size_t texts = 0;
  for (size_t i = 0; i < n && texts < TEXTS; i++, texts++) {
    size_t from = i, parted = n;
    for (; i < n && d[i] != 0xFE && i - from < MOST; i++)
      if (d[i] == 0xFF && parted == n) parted = i;
    size_t end = parted < i ? parted : i;
    field[2 * texts] = span_of((const char *)d + from, end - from);
    field[2 * texts + 1] = parted < i ? span_of((const char *)d + parted + 1, i - parted - 1) : span_of(NULL, 0);
  }
  return texts;
}

static void check_hashes(const Grams *g) {
  uint32_t fast[2 * MOST + 64], plain[2 * MOST + 64];
  if (g->n > 2 * MOST) abort();
  grams_hash(simd_best(), g, 0, g->n, fast);
  grams_hash(SIMD_PORTABLE, g, 0, g->n, plain);
  if (memcmp(fast, plain, g->n * sizeof *fast) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  static Plain plain[TEXTS];
  static Kept kept[TEXTS];
  Span field[2 * TEXTS];
  Grams g[TEXTS] = { 0 };
  Mask *mask = NULL;
  Error err;
  if (n < 5) return 0;
  SpanTexts texts = span_texts(field, read_texts(d + 4, n - 4, field), 2);
  texts.source.unit = d[0] & 0x80 ? GRAM_WORDS : GRAM_CHARS;
  unsigned shingle = 1 + d[0] % (texts.source.unit == GRAM_WORDS ? GRAMS_MAX_WORDS : GRAMS_MAX_SHINGLE);
  MaskParams p = { .share = (1 + d[1] % 20) / 20.0, .fewest = 1 + d[2] % 4, .rest = d[3] % 6,
                   .room = d[2] & 0x80 ? 1 + d[3] % 16 : 0 };
  for (size_t i = 0; i < texts.source.n; i++) {
    if (text_read(&texts.source, i, 0, &g[i], shingle) != 0) abort();
    plain_of(&g[i], texts.source.unit, &plain[i]);
  }
  keep_windows(plain, texts.source.n, shingle, &p, kept);
  if (mask_find(&mask, &texts.source, shingle, &p, NULL, &err) != 0) abort();
  texts.source.mask = mask;
  for (size_t i = 0; i < texts.source.n; i++) {   /* the same bytes, so plain stays what it was */
    Grams whole = g[i];
    g[i] = (Grams){ 0 };
    if (text_read(&texts.source, i, 0, &g[i], shingle) != 0) abort();
    if (g[i].len != whole.len || memcmp(g[i].text, whole.text, whole.len) != 0) abort();
    check_hashes(&g[i]);
    grams_free(&whole);
    plain_of(&g[i], texts.source.unit, &plain[i]);
    for (size_t k = 0; k <= i; k++) {
      size_t common = 0, all = 1;
      double want = kept_jaccard(&plain[i], &kept[i], &plain[k], &kept[k], shingle);
      if (grams_compare(&g[i], &g[k], 0, &common, &all) != 1 || (double)common / (double)all != want) abort();
      if (grams_compare(&g[k], &g[i], 0.7, &common, &all) != (want >= 0.7)) abort();
    }
  }
  for (size_t i = 0; i < texts.source.n; i++) grams_free(&g[i]);
  mask_free(mask);
  return 0;
}
