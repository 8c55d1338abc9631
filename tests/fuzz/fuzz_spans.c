/* tests/fuzz/fuzz_spans.c - repeated spans of any bytes against plain comparison of all windows, and
** the places of tokens: what words_place finds folds to what words_read held.
** Input: N, max_share, then strings that end with a byte 0xFE; two make a text. */
#include <stdlib.h>

#include "neardup/spans.h"
#include "text/chars.h"
#include "text/fold.h"

enum { STRINGS = 24, EACH = 2, MOST = 300, TOKENS = 2 * MOST };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static int in_piece(const Words *w, size_t from, unsigned n) {
  for (size_t p = 0; p < w->npieces; p++)
    if (w->piece[p] <= from && from + n <= w->piece[p + 1]) return 1;
  return 0;
}

static int same(const Words *a, size_t i, const Words *b, size_t k, unsigned n) {
  for (unsigned t = 0; t < n; t++)
    if (!span_eq(words_at(a, i + t), words_at(b, k + t))) return 0;
  return 1;
}

static void check_places(const Span *string, size_t n, const Words *w) {
  for (size_t p = 0; p < w->npieces && p < n; p++) {
    if (string[p].ptr == NULL || !chars_valid(string[p].ptr, string[p].len)) continue;
    for (uint32_t i = w->piece[p]; i < w->piece[p + 1]; i++) {
      WordsPlace at;
      char room[2 * MOST + 64];
      if (words_place(string[p], w->nth[i], w->nth[i], &at) != 0) abort();
      size_t len = fold_text(room, span_of(string[p].ptr + at.begin, at.end - at.begin), 0, NULL);
      if (!span_eq(span_of(room, len), words_at(w, i))) abort();
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 3) return 0;
  SpanParams p = { .tokens = 2 + d[0] % 9, .max_share = d[1] % 21 / 20.0 };
  Span s[STRINGS];
  size_t strings = 0;
  for (size_t i = 2; i < n && strings < STRINGS;) {
    size_t from = i;
    while (i < n && d[i] != 0xFE && i - from < MOST) i++;
    s[strings++] = span_of((const char *)d + from, i - from);
    i++;
  }
  if (strings % EACH != 0) s[strings++] = span_of("", 0);
  size_t texts = strings / EACH;
  SpanTexts t = span_texts(s, texts, EACH);
  Words w[STRINGS] = { 0 }, bare = { 0 };
  int kept[STRINGS] = { 0 };
  Spans got;
  Error err;
  if (d[1] & 0x80) p.hash_mask = UINT64_C(0x8000000000000001);
  if (spans_find(&t.source, &p, NULL, &got, &err) != 0) abort();
  for (size_t i = 0; i < texts; i++) {
    if (words_read(&t.source, i, 0, 0, &w[i]) != 0 || words_read(&t.source, i, 0, WORDS_BARE, &bare) != 0) abort();
    if (bare.n > w[i].n) abort();
    check_places(s + i * EACH, EACH, &w[i]);
    uint8_t want[TOKENS] = { 0 }, have[TOKENS] = { 0 };
    size_t covered = 0;
    for (size_t f = 0; f < w[i].n; f++)
      for (size_t o = 0; o < i; o++)
        for (size_t g = 0; kept[o] && in_piece(&w[i], f, p.tokens) && g < w[o].n; g++)
          if (in_piece(&w[o], g, p.tokens) && same(&w[i], f, &w[o], g, p.tokens)) memset(want + f, 1, p.tokens);
    for (size_t f = 0; f < w[i].n; f++) covered += want[f];
    for (uint32_t k = 0; k < got.count[i]; k++)
      memset(have + got.span[got.first[i] + k].from, 1, got.span[got.first[i] + k].to - got.span[got.first[i] + k].from);
    if (memcmp(want, have, sizeof want) != 0) abort();
    double share = w[i].n > 0 ? (double)covered / (double)w[i].n : 0;
    if (share != got.share[i] || got.rejected[i] != (share > p.max_share)) abort();
    kept[i] = !got.rejected[i];
  }
  for (size_t i = 0; i < texts; i++) words_free(&w[i]);
  words_free(&bare);
  spans_free(&got);
  return 0;
}
