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

static inline int is_gap(char c) { return c == ' ' || c == '\x1f'; }

/* The next word of a folded ASCII text, which has no other white space. */
static inline Span next_ascii(Span text, size_t *at) {
  size_t i = *at;
  while (i < text.len && is_gap(text.ptr[i])) i++;
  size_t from = i;
  while (i < text.len && !is_gap(text.ptr[i])) i++;
  *at = i;
  return span_of(i > from ? text.ptr + from : NULL, i - from);
}

/* Words into start and end, their hashes into token. How many; SIZE_MAX if out of memory. */
static size_t find_words(Grams *g) {
  Span text = span_of(g->text, g->len);
  size_t n = 0, at = 0;
  for (;; n++) {
    Span word = g->ascii ? next_ascii(text, &at) : tokens_next(text, &at);
    if (word.ptr == NULL) return n;
    if ((n == g->word_cap || n == g->wide_cap) && reserve_words(g, 2 * n + 64) != 0) return SIZE_MAX;
    g->start[n] = (uint32_t)(word.ptr - g->text);
    g->end[n] = g->start[n] + (uint32_t)word.len;
    g->token[n] = XXH3_64bits(word.ptr, word.len);
  }
}

static inline uint64_t mix(uint64_t h) {
  h = (h ^ h >> 32) * UINT64_C(0xD6E8FEB86659FD93);
  h = (h ^ h >> 32) * UINT64_C(0xD6E8FEB86659FD93);
  return h ^ h >> 32;
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
