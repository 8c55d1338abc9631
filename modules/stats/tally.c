/* modules/stats/tally.c - see tally.h */
#include "stats/tally.h"

#include <stdlib.h>

#include "corpus/query.h"

enum { LOAD = 0 };   /* the stage that rejects lines which are no rows (corpus_stage) */

/* Ids are dense, so that a table by id serves as the map. */
static int count_ids(const View *v, const uint32_t *ids, TallyGroup **out, size_t *n) {
  uint32_t nrows = v->corpus->nrows, last = 0;
  for (uint32_t i = 0; i < nrows; i++)
    if (ids[i] > last) last = ids[i];
  TallyGroup *group = calloc((size_t)last + 1, sizeof *group);
  if (group == NULL) return -1;
  for (uint32_t i = 0; i < nrows; i++) {
    const Verdict *d = view_verdict(v, i);
    if (d != NULL && d->stage == LOAD) continue;
    group[ids[i]].read++;
    group[ids[i]].standing += view_status(v, i) == STATUS_STANDING;
  }
  *n = 0;
  for (uint32_t id = 0; id <= last; id++) {
    if (group[id].read == 0) continue;
    group[*n] = (TallyGroup){ id, group[id].read, group[id].standing };
    ++*n;
  }
  *out = group;
  return 0;
}

int tally_groups(const View *v, Pool *pool, Span key, TallyGroup **out, size_t *n) {
  uint32_t *ids = malloc(((size_t)v->corpus->nrows + 1) * sizeof *ids);
  if (ids == NULL) return -1;
  int r = query_keys(v, pool, key, ~0u, ids);
  if (r == 0) r = count_ids(v, ids, out, n);
  free(ids);
  return r;
}

/* The row that one was rejected as a copy of; PLACE_NONE if that stage did not. */
static uint32_t twin_of(const View *v, uint32_t row, int stage) {
  const Verdict *d = view_verdict(v, row);
  if (d == NULL || d->stage != stage || d->kind != EVIDENCE_TWIN) return PLACE_NONE;
  return d->twin;
}

static int by_copies(const void *x, const void *y) {
  const TallyCopies *a = x, *b = y;
  if (a->copies != b->copies) return a->copies > b->copies ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

int tally_copies(const View *v, int stage, TallyCopies **out, size_t *n) {
  uint32_t nrows = v->corpus->nrows;
  uint32_t *copies = calloc((size_t)nrows + 1, sizeof *copies);
  *out = NULL;
  *n = 0;
  if (copies == NULL) return -1;
  for (uint32_t i = 0; i < nrows; i++) {
    uint32_t twin = twin_of(v, i, stage);
    if (twin < nrows && copies[twin]++ == 0) ++*n;
  }
  TallyCopies *list = malloc((*n + 1) * sizeof *list);
  size_t at = 0;
  for (uint32_t i = 0; list != NULL && i < nrows; i++)
    if (copies[i] > 0) list[at++] = (TallyCopies){ i, copies[i] };
  free(copies);
  if (list == NULL) return -1;
  qsort(list, at, sizeof *list, by_copies);
  *out = list;
  return 0;
}

size_t tally_members(const View *v, int stage, uint32_t row, uint32_t *out, size_t max) {
  size_t n = 0;
  for (uint32_t i = 0; n < max && i < v->corpus->nrows; i++)
    if (twin_of(v, i, stage) == row) out[n++] = i;
  return n;
}
