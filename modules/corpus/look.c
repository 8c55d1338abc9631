/* modules/corpus/look.c - see look.h */
#include "corpus/look.h"

#include <stdlib.h>

#include "core/union_find.h"

/* ---- clusters ---- */

/* A row of an earlier run is no row of this view. */
static int names_twin(const Verdict *d, uint32_t nrows) {
  return d->kind == EVIDENCE_TWIN && d->twin < nrows;
}

long look_cluster(const View *v, uint32_t row, uint32_t *out) {
  uint32_t n = v->corpus->nrows;
  uint32_t *parent = calloc((size_t)n + 1, sizeof *parent);
  long found = 0;
  if (parent == NULL) return -1;
  union_begin(parent, n);
  for (uint32_t i = 0; i < n; i++) {
    const Verdict *d = view_status(v, i) == STATUS_STANDING ? NULL : view_verdict(v, i);
    if (d != NULL && names_twin(d, n)) union_join(parent, i, d->twin);
  }
  uint32_t root = union_root(parent, row);
  for (uint32_t i = 0; i < n; i++)
    if (union_root(parent, i) == root) out[found++] = i;
  free(parent);
  return found;
}

/* ---- pairs of values ---- */

static int by_values(const void *pa, const void *pb) {
  const KeyPair *p = pa, *q = pb;
  if (p->a != q->a) return p->a < q->a ? -1 : 1;
  return (p->b > q->b) - (p->b < q->b);
}

int look_pairs(const uint32_t *a, const uint32_t *b, const uint32_t *rows, size_t n, KeyPair **out, size_t *pairs) {
  KeyPair *p = malloc((n + 1) * sizeof *p);
  size_t last = 0;
  *out = p;
  *pairs = 0;
  if (p == NULL) return -1;
  for (size_t i = 0; i < n; i++) {
    uint32_t row = rows != NULL ? rows[i] : (uint32_t)i;
    p[i] = (KeyPair){ a[row], b[row], 1 };
  }
  qsort(p, n, sizeof *p, by_values);
  for (size_t i = 1; i < n; i++) {
    if (by_values(&p[last], &p[i]) == 0) p[last].count++;
    else p[++last] = p[i];
  }
  *pairs = n > 0 ? last + 1 : 0;
  return 0;
}

static int by_count(const void *pa, const void *pb) {
  const KeyPair *p = pa, *q = pb;
  if (p->count != q->count) return p->count > q->count ? -1 : 1;
  return by_values(pa, pb);
}

void look_most(KeyPair *p, size_t n) { qsort(p, n, sizeof *p, by_count); }
