/* tests/plain_grams.h - shingles of code points and of words as plain lists, windows compared one by
** one: what the engine's sets (neardup/grams.h, neardup/mask.h) must equal. Slow and short. */
#ifndef TAMIS_PLAIN_GRAMS_H
#define TAMIS_PLAIN_GRAMS_H

#include "neardup/grams.h"
#include "text/tokens.h"

#ifndef PLAIN_UNITS
#define PLAIN_UNITS 2048   /* most code points or words of a text */
#endif

typedef struct Plain { size_t n; Span unit[PLAIN_UNITS]; Span text; } Plain;

static inline void plain_of(const Grams *g, GramUnit unit, Plain *out) {
  out->text = span_of(g->text, g->len);
  out->n = 0;
  if (unit == GRAM_WORDS) {
    size_t at = 0;
    for (Span w; (w = tokens_next(out->text, &at)).ptr != NULL;) out->unit[out->n++] = w;
    return;
  }
  for (size_t i = 0, len; i < g->len; i += len) {
    unsigned c = (unsigned char)g->text[i];
    len = c < 0xC2 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 1;
    for (size_t k = 1; k < len; k++)
      if (i + k >= g->len || (g->text[i + k] & 0xC0) != 0x80) len = 1;   /* starts no character: is one */
    out->unit[out->n++] = span_of(g->text + i, len);
  }
}

static inline int same_window(const Plain *a, size_t i, const Plain *b, size_t k, unsigned n) {
  for (unsigned u = 0; u < n; u++)
    if (!span_eq(a->unit[i + u], b->unit[k + u])) return 0;
  return 1;
}

/* Is window i of a among the first `most` of b? */
static inline int among(const Plain *a, size_t i, const Plain *b, size_t most, unsigned n) {
  for (size_t k = 0; k < most; k++)
    if (same_window(a, i, b, k, n)) return 1;
  return 0;
}

static inline double plain_jaccard(const Plain *a, const Plain *b, unsigned n) {
  size_t x = 0, y = 0, common = 0;
  if (a->n < n || b->n < n) return a->n < n && b->n < n && span_eq(a->text, b->text);
  for (size_t i = 0; i + n <= a->n; i++) {
    if (among(a, i, a, i, n)) continue;
    x++;
    common += (size_t)among(a, i, b, b->n - n + 1, n);
  }
  for (size_t i = 0; i + n <= b->n; i++) y += !among(b, i, b, i, n);
  return (double)common / (double)(x + y - common);
}

/* ---- frequent shingles ---- */

typedef struct Kept { size_t n; uint8_t own[PLAIN_UNITS]; int whole; } Kept;   /* which windows count */

/* The longest stretch from one own window to another without `rest` others in a row. */
static inline size_t longest_stretch(const Kept *k, size_t rest) {
  size_t longest = 0;
  for (size_t a = 0; a < k->n; a++) {
    size_t gap = 0;
    for (size_t b = a; k->own[a] && b < k->n && gap < rest; b++) {
      gap = k->own[b] ? 0 : gap + 1;
      if (k->own[b] && b - a + 1 > longest) longest = b - a + 1;
    }
  }
  return longest;
}

/* By the definition of mask.h. */
static inline void keep_windows(const Plain *plain, size_t texts, unsigned n, const MaskParams *p, Kept *out) {
  for (size_t i = 0; i < texts; i++) {
    size_t left = 0;
    out[i].n = plain[i].n < n ? 0 : plain[i].n - n + 1;
    for (size_t w = 0; w < out[i].n; w++) {
      size_t has = 0;
      for (size_t k = 0; k < texts; k++)
        has += plain[k].n >= n && (k == i || among(&plain[i], w, &plain[k], plain[k].n - n + 1, n));
      out[i].own[w] = has < p->fewest || (double)has <= p->share * (double)texts;
      left += out[i].own[w];
    }
    if (p->rest > 0 && longest_stretch(&out[i], p->rest) < p->rest + n - 1) {
      memset(out[i].own, 1, out[i].n);
      left = out[i].n;
    }
    out[i].whole = left == 0;
  }
}

static inline int counted_before(const Plain *a, size_t w, const Plain *b, const Kept *kept, size_t most, unsigned n) {
  for (size_t k = 0; k < most; k++)
    if (kept->own[k] && same_window(a, w, b, k, n)) return 1;
  return 0;
}

static inline double kept_jaccard(const Plain *a, const Kept *ka, const Plain *b, const Kept *kb, unsigned n) {
  size_t x = 0, y = 0, common = 0;
  if (ka->whole || kb->whole) return ka->whole && kb->whole && span_eq(a->text, b->text);
  for (size_t i = 0; i < ka->n; i++) {
    if (!ka->own[i] || counted_before(a, i, a, ka, i, n)) continue;
    x++;
    common += (size_t)counted_before(a, i, b, kb, kb->n, n);
  }
  for (size_t i = 0; i < kb->n; i++) y += kb->own[i] && !counted_before(b, i, b, kb, i, n);
  return (double)common / (double)(x + y - common);
}

#endif
