/* tests/fuzz/windows.h - the Jaccard of two texts by plain comparison of windows: what fuzz targets
** hold the engine against. It shares with it only the folding (fuzz_fold.c). */
#ifndef TAMIS_FUZZ_WINDOWS_H
#define TAMIS_FUZZ_WINDOWS_H

#include <string.h>

#include "neardup/grams.h"

enum { WINDOWS_MOST = 200 };   /* bytes of a text before it is folded */

static inline int windows_equal(const uint32_t *a, const uint32_t *b, unsigned n) { return memcmp(a, b, n * sizeof *a) == 0; }

/* Code points of a folded text as grams.c counts them: a byte that starts none is one. */
static inline size_t windows_points(const Grams *g, uint32_t *cp) {
  size_t n = 0;
  for (size_t i = 0; i < g->len; n++) {
    unsigned c = (unsigned char)g->text[i];
    size_t more = c < 0xC2 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 0;
    uint32_t v = c;
    int whole = i + more < g->len;
    for (size_t k = 1; whole && k <= more; k++) {
      unsigned t = (unsigned char)g->text[i + k];
      whole = (t & 0xC0) == 0x80;
      v = v << 8 | t;
    }
    if (!whole) {
      more = 0;
      v = c;
    }
    cp[n] = v;
    i += 1 + more;
  }
  return n;
}

static inline double windows_jaccard(const Grams *a, const Grams *b, unsigned n) {
  static uint32_t x[2 * WINDOWS_MOST], y[2 * WINDOWS_MOST];
  size_t nx = windows_points(a, x), ny = windows_points(b, y), dx = 0, dy = 0, common = 0;
  if (nx < n || ny < n) return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
  for (size_t i = 0; i + n <= nx; i++) {
    int seen = 0, shared = 0;
    for (size_t k = 0; k < i && !seen; k++) seen = windows_equal(x + k, x + i, n);
    if (seen) continue;
    dx++;
    for (size_t k = 0; k + n <= ny && !shared; k++) shared = windows_equal(y + k, x + i, n);
    common += (size_t)shared;
  }
  for (size_t i = 0; i + n <= ny; i++) {
    int seen = 0;
    for (size_t k = 0; k < i && !seen; k++) seen = windows_equal(y + k, y + i, n);
    dy += !seen;
  }
  return (double)common / (double)(dx + dy - common);
}

#endif
