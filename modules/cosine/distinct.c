/* modules/cosine/distinct.c - see distinct.h */
#include "cosine/distinct.h"

#include <stdlib.h>

#include "core/spill.h"
#include "cosine/pack.h"

int distinct_find(Distinct *d, const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool) {
  const size_t room = n + (size_t)1;
  *d = (Distinct){ .of = n, .like = malloc(room * sizeof *d->like), .place = malloc(room * sizeof *d->place),
                   .slot = malloc(room * sizeof *d->slot) };
  int r = d->like == NULL || d->place == NULL || d->slot == NULL ? -1 : cosine_copies(v, slot, n, pool, d->like);
  for (uint32_t i = 0; r == 0 && i < n; i++) {
    if (d->like[i] != i) continue;
    d->slot[d->n] = slot_at(slot, i);
    d->place[d->n++] = i;
  }
  if (r != 0) distinct_free(d);
  return r;
}

void distinct_free(Distinct *d) {
  free(d->like);
  free(d->place);
  free(d->slot);
  *d = (Distinct){ 0 };
}

static int by_b(const void *a, const void *b) {
  const CosinePair *x = a, *y = b;
  return x->b < y->b ? -1 : x->b > y->b;
}

/* Counted into place by a. */
int distinct_lay(const Distinct *d, CosinePairs *out) {
  const uint32_t *like = d->like, n = d->of;
  size_t total = out->n, *start = calloc(n + (size_t)2, sizeof *start);
  for (uint32_t i = 0; i < n; i++) total += like[i] != i;
  CosinePair *pair = spill_alloc((total + 1) * sizeof *pair);
  if (start == NULL || pair == NULL) {
    free(start);
    spill_free(pair);
    return -1;
  }
  for (size_t i = 0; i < out->n; i++) start[out->pair[i].a + 2]++;
  for (uint32_t i = 0; i < n; i++)
    if (like[i] != i) start[like[i] + 2]++;
  for (uint32_t i = 0; i < n; i++) start[i + 2] += start[i + 1];
  for (size_t i = 0; i < out->n; i++) pair[start[out->pair[i].a + 1]++] = out->pair[i];
  for (uint32_t i = 0; i < n; i++)
    if (like[i] != i) pair[start[like[i] + 1]++] = (CosinePair){ like[i], i, 1 };
  for (uint32_t i = 0; i < n; i++)
    if (start[i + 1] - start[i] > 1) qsort(pair + start[i], start[i + 1] - start[i], sizeof *pair, by_b);
  free(start);
  spill_free(out->pair);
  out->pair = pair;
  out->n = total;
  return 0;
}
