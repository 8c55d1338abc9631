/* tests/fuzz/fuzz_join.c - the exact join of any bytes against all pairs by plain comparison of
** windows; and leaders by sketches, of which no pair may stand below what it claims.
** Input: a shingle length, a threshold, how to join (way, threads, room, centres), then texts that end
** with a byte 0xFE. One that begins with 0xFF is an earlier text (next byte) with some bytes
** changed (pairs of place and byte): near copies that chance would not bring. */
#include <stdlib.h>

#include "neardup/join.h"
#include "windows.h"

enum { TEXTS = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

typedef struct Case {
  unsigned shingle;
  double threshold;
  char room[TEXTS][WINDOWS_MOST];
  Span text[TEXTS];
  Grams grams[TEXTS];
  uint32_t n;
  double jaccard[TEXTS][TEXTS];
} Case;

static Span copy_of(Case *c, const uint8_t *d, size_t n) {
  char *room = c->room[c->n];
  Span from = n > 0 && c->n > 0 ? c->text[d[0] % c->n] : (Span){ 0 };
  if (from.len == 0) return span_of(room, 0);
  memcpy(room, from.ptr, from.len);
  for (size_t i = 1; i + 1 < n; i += 2) room[d[i] % from.len] = (char)d[i + 1];
  return span_of(room, from.len);
}

static void read_texts(Case *c, const uint8_t *d, size_t n) {
  for (size_t i = 0; i < n && c->n < TEXTS; i++) {
    size_t from = i;
    while (i < n && d[i] != 0xFE && i - from < WINDOWS_MOST) i++;
    if (i > from && d[from] == 0xFF) {
      c->text[c->n] = copy_of(c, d + from + 1, i - from - 1);
    } else {
      memcpy(c->room[c->n], d + from, i - from);
      c->text[c->n] = span_of(c->room[c->n], i - from);
    }
    if (grams_of(&c->grams[c->n], c->text[c->n], c->shingle, 0) != 0) abort();
    for (uint32_t k = 0; k < c->n; k++)
      c->jaccard[k][c->n] = windows_jaccard(&c->grams[k], &c->grams[c->n], c->shingle);
    c->n++;
  }
}

static int copies(const Case *c, uint32_t a, uint32_t b) {
  const Grams *x = &c->grams[a], *y = &c->grams[b];
  return x->len == y->len && memcmp(x->text, y->text, x->len) == 0;
}

/* Every text by itself or with its copies is a centre if one of them is. */
static int is_centre(const Case *c, const uint8_t *centre, uint32_t i) {
  int is = 0;
  for (uint32_t k = 0; k < c->n; k++) is |= centre[k] && copies(c, i, k);
  return is;
}

static void check_join(const Case *c, JoinWay way, int threads, size_t room, const uint8_t *centre) {
  JoinParams p = { .shingle = c->shingle, .threshold = c->threshold, .centre = centre, .room = room, .way = way,
                   .path = room & 1 ? SIMD_PORTABLE : simd_best() };
  SpanTexts texts = span_texts(c->text, c->n, 1);
  Pool *pool = threads > 1 ? pool_new(threads) : NULL;
  Join got;
  Error err;
  if (join_find(&texts.source, &p, pool, &got, &err) != 0) abort();
  size_t at = 0;
  for (uint32_t b = 0; b < c->n; b++) {
    uint32_t first = 0;
    while (!copies(c, first, b)) first++;
    if (got.same[b] != (first < b ? first : TEXT_NONE)) abort();
  }
  for (uint32_t a = 0; a < c->n; a++)
    for (uint32_t b = a + 1; b < c->n; b++) {
      if (got.same[a] != TEXT_NONE || got.same[b] != TEXT_NONE || c->jaccard[a][b] < c->threshold) continue;
      if (centre != NULL && !is_centre(c, centre, a) && !is_centre(c, centre, b)) continue;
      if (at == got.npairs) abort();
      TextPair q = got.pair[at++];
      if (q.a != a || q.b != b || q.jaccard != c->jaccard[a][b]) abort();
    }
  if (at != got.npairs) abort();
  join_free(&got);
  pool_free(pool);
}

/* Bands may miss a pair; what they find is true, and a kept text matches no kept one it was held against. */
static void check_leaders(const Case *c, double floor) {
  LeaderParams p = { .shingle = c->shingle, .hashes = 64, .bands = 32, .rows = 2, .threshold = c->threshold,
                     .floor = floor, .path = simd_best() };
  SpanTexts texts = span_texts(c->text, c->n, 1);
  Leaders got;
  Error err;
  if (leaders_find(&texts.source, &p, NULL, &got, &err) != 0) abort();
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t twin = got.twin[i];
    if (twin == TEXT_NONE) continue;
    if (twin >= i || got.twin[twin] != TEXT_NONE) abort();
    if (got.jaccard[i] != c->jaccard[twin][i] || got.jaccard[i] < c->threshold) abort();
  }
  for (size_t i = 0; i < got.npairs; i++) {
    TextPair q = got.pair[i];
    if (q.a >= q.b || q.jaccard != c->jaccard[q.a][q.b] || q.jaccard < floor) abort();
    if (got.twin[q.a] == TEXT_NONE && got.twin[q.b] == TEXT_NONE && q.jaccard >= c->threshold) abort();
  }
  leaders_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  static Case c;
  uint8_t centre[TEXTS];
  if (n < 5) return 0;
  c.n = 0;
  c.shingle = 1 + d[0] % GRAMS_MAX_SHINGLE;
  c.threshold = (1 + d[1] % 40) / 40.0;
  for (unsigned i = 0; i < TEXTS; i++) centre[i] = d[4] >> (i & 7) & 1;
  read_texts(&c, d + 5, n - 5);
  check_join(&c, d[2] & 1 ? JOIN_GROUPS : JOIN_PAIRWISE, d[2] >> 6 == 3 ? 3 : 1, 1 + d[3] * 8, d[2] & 2 ? centre : NULL);
  check_join(&c, JOIN_CHEAPER, 1, 0, NULL);
  check_leaders(&c, d[2] & 4 ? c.threshold : c.threshold / 2);
  return 0;
}
