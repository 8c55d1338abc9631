/* modules/neardup/outline.c - see outline.h */
#include "neardup/outline.h"

#include <stdlib.h>

#include "core/spill.h"

enum { GRAIN = 256, BLOCK = 512 };

typedef struct Maker {
  Outlines *o;
  const TextSource *src;
  unsigned shingle;
  SimdPath path;
  Grams *grams;   /* [threads] */
} Maker;

static int make_outlines(void *ctx, size_t begin, size_t end, int worker) {
  Maker *m = ctx;
  Grams *g = &m->grams[worker];
  uint32_t hash[BLOCK + 8];
  for (size_t i = begin; i < end; i++) {
    uint64_t *bits = m->o->bits + i * OUTLINE;
    if (!m->o->has[i]) continue;
    if (text_read(m->src, i, worker, g, m->shingle) != 0) return -1;
    memset(bits, 0, OUTLINE * sizeof *bits);
    for (size_t from = 0; from < g->n; from += BLOCK) {
      size_t n = g->n - from < BLOCK ? g->n - from : BLOCK;
      grams_hash(m->path, g, from, n, hash);
      for (size_t k = 0; k < n; k++) bits[hash[k] >> 28] |= UINT64_C(1) << (hash[k] >> 22 & 63);
    }
  }
  return 0;
}

/* Marks the texts of large groups. -1: out of memory. */
static int mark(Outlines *o, const uint32_t *root, size_t n, size_t least, int *any) {
  uint32_t *size = calloc(n + 1, sizeof *size);
  *any = 0;
  if (size == NULL) return -1;
  for (size_t i = 0; i < n; i++) *any |= ++size[root[i]] >= least;
  for (size_t i = 0; *any && i < n; i++) o->has[i] = size[root[i]] >= least;
  free(size);
  return 0;
}

int outlines_make(Outlines *o, const TextSource *src, unsigned shingle, SimdPath path, const uint32_t *root,
                  size_t least, Pool *pool, int *any) {
  const size_t n = src->n;
  int threads = pool != NULL ? pool_threads(pool) : 1;
  *any = 0;
  o->bits = NULL;
  o->has = calloc(n + 1, 1);
  int r = o->has == NULL ? -1 : mark(o, root, n, least, any);
  if (r != 0 || !*any) return r;
  Maker m = { o, src, shingle, path, calloc((size_t)threads, sizeof(Grams)) };
  o->bits = spill_alloc((n + 1) * OUTLINE * sizeof *o->bits);
  r = o->bits == NULL || m.grams == NULL ? -1 : pool_for(pool, n, GRAIN, make_outlines, &m);
  for (int t = 0; m.grams != NULL && t < threads; t++) grams_free(&m.grams[t]);
  free(m.grams);
  return r;
}

void outlines_free(Outlines *o) {
  free(o->has);
  spill_free(o->bits);
  *o = (Outlines){ 0 };
}

int outlines_may_match(const void *outlines, uint32_t a, uint32_t b) {
  const Outlines *o = outlines;
  if (!o->has[a] || !o->has[b]) return 1;
  const uint64_t *x = o->bits + (size_t)a * OUTLINE, *y = o->bits + (size_t)b * OUTLINE;
  double all = (double)o->shingles[a] + (double)o->shingles[b];
  return gram_bits_allow(x, y, all, o->floor);
}
