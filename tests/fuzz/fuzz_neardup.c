/* tests/fuzz/fuzz_neardup.c - shingles, sketches and leaders of any bytes: the exact Jaccard
** against plain comparison of windows, both SIMD paths alike, leaders against their definition.
** Input: a shingle length, a threshold, then texts that end with a byte 0xFE. */
#include <math.h>
#include <stdlib.h>

#include "neardup/leaders.h"
#include "neardup/sketch.h"
#include "neardup/verify.h"
#include "windows.h"

enum { TEXTS = 24, MOST = WINDOWS_MOST };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static void check_keys(const Grams *g) {
  uint32_t key[20], first[20], slot[SKETCH_MAX_HASHES], first_slot[SKETCH_MAX_HASHES];
  for (SimdPath p = SIMD_PORTABLE; p < SIMD_PATHS; p++) {
    if (!simd_has(p)) continue;
    SketchPlan plan = sketch_plan(128, 16, 8, p);
    plan.short_bands = 4;
    plan.short_rows = 6;
    plan.short_most = 40;
    SketchRoom *room = sketch_room_new(&plan);
    if (room == NULL) abort();
    int portable = p == SIMD_PORTABLE;
    unsigned used = sketch_keys(&plan, room, g, portable ? first : key);
    sketch_slots(&plan, room, g, portable ? first_slot : slot);
    if (used != (g->n <= 40 ? 20 : 16)) abort();
    if (!portable && (memcmp(key, first, used * sizeof *key) != 0 || memcmp(slot, first_slot, 128 * sizeof *slot) != 0)) abort();
    sketch_room_free(room);
  }
}

static void check_leaders(const Span *text, size_t n, const double *jaccard, unsigned shingle, double threshold) {
  LeaderParams p = { .shingle = shingle, .hashes = 128, .bands = 128, .rows = 1, .threshold = threshold, .floor = threshold, .path = simd_best() };
  SpanTexts texts = span_texts(text, n, 1);
  Leaders got;
  Error err;
  if (leaders_find(&texts.source, &p, NULL, &got, &err) != 0) abort();
  /* The bands may miss a pair of low Jaccard; what they find must be true. */
  for (size_t i = 0; i < n; i++) {
    if (got.twin[i] == TEXT_NONE) continue;
    double j = jaccard[i * TEXTS + got.twin[i]];
    if (got.twin[i] >= i || got.twin[got.twin[i]] != TEXT_NONE || got.jaccard[i] != j || j < threshold) abort();
  }
  if (threshold >= 0.5)
    for (size_t i = 0; i < n; i++)
      for (size_t k = 0; k < i; k++)
        if (got.twin[i] == TEXT_NONE && got.twin[k] == TEXT_NONE && jaccard[i * TEXTS + k] == 1) abort();
  leaders_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 3) return 0;
  unsigned shingle = 1 + d[0] % GRAMS_MAX_SHINGLE;
  double threshold = (1 + d[1] % 20) / 20.0;
  Span text[TEXTS];
  Grams g[TEXTS] = { 0 };
  size_t texts = 0;
  static double jaccard[TEXTS * TEXTS];
  for (size_t i = 2; i < n && texts < TEXTS;) {
    size_t from = i;
    while (i < n && d[i] != 0xFE && i - from < MOST) i++;
    text[texts] = span_of((const char *)d + from, i - from);
    if (grams_of(&g[texts], text[texts], shingle, 0) != 0) abort();
    texts++;
    i++;
  }
  for (size_t i = 0; i < texts; i++) {
    check_keys(&g[i]);
    for (size_t k = 0; k <= i; k++) {
      size_t common = 0, all = 1;
      double want = windows_jaccard(&g[i], &g[k], shingle);
      if (grams_compare(&g[i], &g[k], 0, &common, &all) != 1) abort();
      if ((double)common / (double)all != want) abort();
      if (grams_compare(&g[k], &g[i], threshold, &common, &all) != (want >= threshold)) abort();
      jaccard[i * TEXTS + k] = jaccard[k * TEXTS + i] = want;
    }
  }
  check_leaders(text, texts, jaccard, shingle, threshold);
  for (size_t i = 0; i < texts; i++) grams_free(&g[i]);
  return 0;
}
