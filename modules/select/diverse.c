/* modules/select/diverse.c - see diverse.h. A row's cosine with its nearest only grows as others are taken, so what is
** known of it bounds it from below: a heap by what is known gives the next, and only those on its top are brought up to
** date (lazy greedy: Minoux, "Accelerated greedy algorithms for maximizing submodular set functions", 1978). */
#include "select/diverse.h"

#include <math.h>
#include <stdlib.h>

enum { LOOK_EVERY = 4096 };   /* cosines between two looks at the interrupt flag */

typedef struct Waiting {
  double near;           /* highest cosine with the first `seen` of the taken; -2: none */
  uint32_t at;           /* its place in the bin's order */
  uint32_t seen;
  int untrusted;
} Waiting;

typedef struct Heap { Waiting *item; size_t n; } Heap;

static int before(const Waiting *a, const Waiting *b) {
  if (a->untrusted != b->untrusted) return a->untrusted < b->untrusted;
  if (a->near != b->near) return a->near < b->near;
  return a->at < b->at;
}

static void sink(Heap *h, size_t i) {
  Waiting x = h->item[i];
  for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
    if (child + 1 < h->n && before(&h->item[child + 1], &h->item[child])) child++;
    if (!before(&h->item[child], &x)) break;
    h->item[i] = h->item[child];
  }
  h->item[i] = x;
}

typedef struct Bins {
  const Quota *q;
  const Vectors *v;
  const Corpus *corpus;
  const uint32_t *row;       /* in the order of their places, bin by bin */
  const uint32_t *begin;     /* [nbins + 1] */
  double *number;
} Bins;

/* Takes `most` rows of row[0..n), which all have vectors. taken: room for the slots. */
static int take(const Bins *b, const uint32_t *row, size_t n, size_t most, Heap *h, uint32_t *taken) {
  for (size_t i = 0; i < n; i++)
    h->item[i] = (Waiting){ -2, (uint32_t)i, 0, !select_trusted(b->corpus, row[i]) };
  h->n = n;
  size_t cosines = 0;
  for (size_t i = n / 2; i-- > 0;) sink(h, i);
  for (size_t k = 0; k < most && h->n > 0;) {
    Waiting *top = &h->item[0];
    uint32_t slot = b->v->slot[row[top->at]];
    for (; top->seen < k; top->seen++) {
      if (cosines++ % LOOK_EVERY == 0 && interrupt_pending()) return POOL_INTERRUPTED;
      double c = vectors_cosine(b->v, slot, taken[top->seen]);
      if (c > top->near) top->near = c;
    }
    uint32_t at = top->at;
    sink(h, 0);
    if (h->item[0].at != at || h->item[0].seen < k) continue;
    b->number[row[at]] = -(double)k;
    taken[k++] = slot;
    h->item[0] = h->item[--h->n];
    if (h->n > 0) sink(h, 0);
  }
  return 0;
}

static int take_bins(void *ctx, size_t begin, size_t end, int worker) {
  const Bins *b = ctx;
  (void)worker;
  for (size_t bin = begin; bin < end; bin++) {
    size_t all = b->begin[bin + 1] - b->begin[bin], n = 0;
    double quota = b->q->most[bin];
    if (isnan(quota) || quota < 1 || (double)all <= quota) continue;
    size_t most = quota < (double)all ? (size_t)quota : all;
    uint32_t *row = malloc((all + 1) * sizeof *row), *taken = malloc((most + 1) * sizeof *taken);
    Heap h = { malloc((all + 1) * sizeof *h.item), 0 };
    int status = -1;
    for (size_t i = b->begin[bin]; row != NULL && i < b->begin[bin + 1]; i++)
      if (b->v->slot[b->row[i]] != VECTOR_NONE) row[n++] = b->row[i];
    if (row != NULL && taken != NULL && h.item != NULL) status = take(b, row, n, most, &h, taken);
    free(row);
    free(taken);
    free(h.item);
    if (status != 0) return status;
  }
  return 0;
}

int diverse_numbers(const Groups *g, const Quota *q, const Vectors *v, Pool *pool, double *number) {
  uint32_t *row = malloc((g->nrows + 1) * sizeof *row), *begin = malloc((q->nbins + 1) * sizeof *begin);
  Quota chance = *q;
  chance.number = NULL;
  Bins b = { q, v, g->view->corpus, row, begin, number };
  for (uint32_t i = 0; i < g->view->corpus->nrows; i++) number[i] = NAN;
  int status = -1;
  if (row != NULL && begin != NULL && groups_ranked(g, &chance, row, begin) == 0)
    status = pool_for(pool, q->nbins, 1, take_bins, &b);
  free(row);
  free(begin);
  return status;
}
