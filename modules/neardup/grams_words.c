/* modules/neardup/grams_words.c - shingles of words: see grams.h.
**
**   text     dear customer, 你好 today
**   units    dear | customer, | 你 | 好 | today          start[], end[]
**   n = 2    dear customer, · customer, 你 · 你好 · 好 today
**
** The token of a shingle is a polynomial of its words' hashes: how the words stand apart (a blank,
** nothing, U+001F between fields) counts nothing, since a shingle is a run of words. */
#include <stdlib.h>
#include <xxhash.h>

#include "neardup/grams.h"
#include "text/tokens.h"

#define WIDE (UINT64_C(1) << 63)
#define BASE UINT64_C(0x9E3779B97F4A7C15)

static int reserve_words(Grams *g, size_t n) {
  if (n > g->word_cap) {
    size_t cap = n + n / 4;
    uint32_t *start = realloc(g->start, cap * sizeof *start);
    if (start != NULL) g->start = start;
    uint32_t *end = realloc(g->end, cap * sizeof *end);
    if (end != NULL) g->end = end;
    if (start == NULL || end == NULL) return -1;
    g->word_cap = cap;
  }
  return grams_reserve(g, n);
}

static inline uint64_t mix(uint64_t h) {
  h = (h ^ h >> 32) * UINT64_C(0xD6E8FEB86659FD93);
  h = (h ^ h >> 32) * UINT64_C(0xD6E8FEB86659FD93);
  return h ^ h >> 32;
}

static inline uint64_t load(const char *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  v = __builtin_bswap64(v);
#endif
  return v;
}

/* Most words are short. p has 8 readable bytes: GRAMS_PAD. */
static inline uint64_t hash_word(const char *p, size_t len) {
  if (len > 16) return XXH3_64bits(p, len);
  uint64_t low = load(p), high = len;
  if (len <= 8) low &= ~UINT64_C(0) >> (64 - 8 * len);
  else high += load(p + len - 8) * BASE;
  return mix(low ^ high * UINT64_C(0xA0761D6478BD642F));
}

static inline int add_word(Grams *g, size_t n, size_t start, size_t end) {
  if ((n == g->word_cap || n == g->wide_cap) && reserve_words(g, 2 * n + 64) != 0) return -1;
  g->start[n] = (uint32_t)start;
  g->end[n] = (uint32_t)end;
  g->token[n] = hash_word(g->text + start, end - start);
  return 0;
}

/* A bit for each of 8 bytes that is a blank or U+001F, the only white space of a folded ASCII text:
** its top bit. */
static inline uint64_t gaps(uint64_t v) {
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
  uint64_t a = v ^ ones * ' ', b = v ^ ones * 0x1F;   /* below 0x80, so no borrow runs on */
  return (((a | tops) - ones) & ((b | tops) - ones) & tops) ^ tops;
}

/* Words of an ASCII text, which the pad ends. How many; SIZE_MAX if out of memory. */
static size_t find_ascii(Grams *g) {
  size_t n = 0, start = 0;
  g->text[g->len] = ' ';
  for (size_t i = 0; i <= g->len; i += 8)
    for (uint64_t bits = gaps(load(g->text + i)); bits != 0; bits &= bits - 1) {
      size_t at = i + (size_t)__builtin_ctzll(bits) / 8;
      if (at > start && add_word(g, n++, start, at) != 0) return SIZE_MAX;
      start = at + 1;
    }
  g->text[g->len] = 0;
  return n;
}

static size_t find_words(Grams *g) {
  size_t at = 0;
  if (g->ascii) return find_ascii(g);
  for (size_t n = 0;; n++) {
    Span word = tokens_next(span_of(g->text, g->len), &at);
    if (word.ptr == NULL) return n;
    size_t start = (size_t)(word.ptr - g->text);
    if (add_word(g, n, start, start + word.len) != 0) return SIZE_MAX;
  }
}

int grams_cut_words(Grams *g) {
  if (g->len > UINT32_MAX) return -1;
  size_t words = find_words(g);
  if (words == SIZE_MAX) return -1;
  g->units = words;
  if (words < g->shingle) {
    g->kind = GRAMS_WHOLE;
    g->n = 1;
    return 0;
  }
  g->kind = GRAMS_WIDE;
  g->n = words - g->shingle + 1;
  for (size_t i = 0; i < g->n; i++) {   /* in place: no later shingle has word i */
    uint64_t h = g->token[i];
    for (unsigned k = 1; k < g->shingle; k++) h = h * BASE + g->token[i + k];
    g->token[i] = mix(h) | WIDE;
  }
  return 0;
}

static inline Span word_at(const Grams *g, size_t i) {
  return span_of(g->text + g->start[i], g->end[i] - g->start[i]);
}

/* From the first byte of its first word to the last of its last. */
static inline Span run_at(const Grams *g, size_t i) {
  return span_of(g->text + g->start[i], g->end[i + g->shingle - 1] - g->start[i]);
}

int gram_same(const Grams *a, size_t i, const Grams *b, size_t k) {
  if (!(gram_token(a, i) & WIDE)) return 1;   /* it is the bytes */
  if (a->masked) i = a->place[i];
  if (b->masked) k = b->place[k];
  if (a->unit == GRAM_CHARS) return memcmp(a->cp + i, b->cp + k, a->shingle * sizeof *a->cp) == 0;
  Span x = run_at(a, i), y = run_at(b, k);
  if (x.len == y.len && memcmp(x.ptr, y.ptr, x.len) == 0) return 1;   /* bytes that are alike are cut alike */
  for (unsigned w = 0; w < a->shingle; w++)
    if (!span_eq(word_at(a, i + w), word_at(b, k + w))) return 0;
  return 1;
}
