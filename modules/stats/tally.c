/* modules/stats/tally.c - see tally.h */
#include "stats/tally.h"

#include <math.h>
#include <stdlib.h>

#include "stats/measure.h"

enum { GRAIN = 256 };   /* rows a chunk */
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

typedef struct Walk {
  const View *view;
  Scratch **scratch;   /* [threads] */
  Span key, when;
  uint32_t *ids;       /* [nrows] */
  double *moments;     /* [nrows] or NULL */
} Walk;

static int walk_chunk(void *ctx, size_t begin, size_t end, int worker) {
  const Walk *w = ctx;
  const Corpus *c = w->view->corpus;
  Scratch *s = w->scratch[worker];
  for (size_t i = begin; i < end; i++) {
    Row r = scratch_begin(s, w->view, (uint32_t)i);
    w->ids[i] = names_intern_value(c->names, row_key(&r, w->key));
    if (w->ids[i] == NAME_FAIL) return -1;
    if (w->moments == NULL) continue;
    w->moments[i] = corpus_row_state(c, (uint32_t)i) == ROW_OK ? measure_moment(&r, w->when) : NAN;
  }
  return scratch_failed(s) ? -1 : 0;
}

static int walk(Walk *w, Pool *pool) {
  int threads = pool_threads(pool), made = 0, r = -1;
  w->scratch = calloc((size_t)threads, sizeof *w->scratch);
  if (w->scratch == NULL) return -1;
  while (made < threads && (w->scratch[made] = scratch_new(made)) != NULL) made++;
  if (made == threads) r = pool_for(pool, w->view->corpus->nrows, GRAIN, walk_chunk, w);
  for (int i = 0; i < made; i++) scratch_free(w->scratch[i]);
  free(w->scratch);
  return r;
}

int tally_groups(const View *v, Pool *pool, Span key, Span when, double *moments, TallyGroup **out, size_t *n) {
  Walk w = { .view = v, .key = key, .when = when, .moments = moments };
  w.ids = malloc(((size_t)v->corpus->nrows + 1) * sizeof *w.ids);
  if (w.ids == NULL) return -1;
  int r = walk(&w, pool);
  if (r == 0) r = count_ids(v, w.ids, out, n);
  free(w.ids);
  return r;
}

int tally_annotation(const View *v, Span name, TallyGroup **out, size_t *n) {
  const uint32_t *ids = view_annotation_column(v, name);
  return ids == NULL ? 1 : count_ids(v, ids, out, n);
}

size_t tally_rows(const View *v, int stage, Span reason, uint32_t *out, size_t max) {
  uint32_t id = names_find(v->corpus->names, reason);
  size_t n = 0;
  for (uint32_t i = 0; n < max && i < v->corpus->nrows; i++) {
    const Verdict *d = view_verdict(v, i);
    if (d != NULL && d->stage == stage && d->reason == id) out[n++] = i;
  }
  return n;
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
  return (a->first > b->first) - (a->first < b->first);
}

int tally_copies(const View *v, int stage, TallyCopies **out, size_t *n) {
  uint32_t nrows = v->corpus->nrows;
  TallyCopies *list = calloc((size_t)nrows + 1, sizeof *list);   /* by row, then packed */
  *out = NULL;
  *n = 0;
  if (list == NULL) return -1;
  for (uint32_t i = 0; i < nrows; i++) {
    uint32_t twin = twin_of(v, i, stage);
    if (twin < nrows && list[twin].copies++ == 0) list[twin].first = i;
  }
  for (uint32_t i = 0; i < nrows; i++)
    if (list[i].copies > 0) list[(*n)++] = (TallyCopies){ i, list[i].copies, list[i].first };
  qsort(list, *n, sizeof *list, by_copies);
  *out = list;
  return 0;
}

void tally_members(const View *v, int stage, const uint32_t *row, size_t k, uint32_t *out, size_t *n, size_t max) {
  for (size_t j = 0; j < k; j++) n[j] = 0;
  for (uint32_t i = 0; i < v->corpus->nrows; i++) {
    uint32_t twin = twin_of(v, i, stage);
    if (twin == PLACE_NONE) continue;
    for (size_t j = 0; j < k; j++)
      if (row[j] == twin && n[j] < max) out[j * max + n[j]++] = i;
  }
}
