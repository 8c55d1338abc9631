/* modules/cosine/pack.c - see pack.h */
#include "cosine/pack.h"

#include "core/spill.h"

enum { PACK_GRAIN = 512 };

double pack_slack(uint32_t dim) {
  const double u = 1.0 / (1 << 24);
  return 1.02 * (dim + 4) * u;
}

void pack_one(const Vectors *v, uint32_t slot, float *out) {
  const float *x = vectors_get(v, slot, out);
  const double inverse = v->inverse[slot];
  for (uint32_t i = 0; i < v->dim; i++) out[i] = (float)(x[i] * inverse);
}

typedef struct Packing { Pack *p; const Vectors *v; const uint32_t *slot; } Packing;

static int pack_some(void *ctx, size_t begin, size_t end, int worker) {
  const Packing *k = ctx;
  (void)worker;
  for (size_t i = begin; i < end; i++)
    pack_one(k->v, slot_at(k->slot, (uint32_t)i), k->p->x + i * k->p->width);
  return 0;
}

int pack_whole(Pack *p, const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool) {
  *p = (Pack){ .n = n, .width = v->dim };
  p->x = spill_alloc((size_t)n * v->dim * sizeof *p->x + 1);
  Packing k = { p, v, slot };
  int r = p->x == NULL ? -1 : pool_for(pool, n, PACK_GRAIN, pack_some, &k);
  if (r != 0) pack_free(p);
  return r;
}

void pack_free(Pack *p) {
  spill_free(p->x);
  *p = (Pack){ 0 };
}
