/* modules/corpus/revive.c - see revive.h */
#include "corpus/revive.h"

#include <math.h>
#include <stdlib.h>

#include "core/union_find.h"
#include "corpus/column.h"

/* The verdict of a row that a stage of the set rejected for a twin; NULL if that is not so. */
static const Verdict *twin_verdict(const View *v, uint32_t row, const uint8_t *of, size_t nstages) {
  const Verdict *d = view_status(v, row) == STATUS_REJECTED ? view_verdict(v, row) : NULL;
  return d != NULL && d->kind == EVIDENCE_TWIN && d->stage < nstages && of[d->stage] == 1 ? d : NULL;
}

size_t view_orphans(const View *v, const uint8_t *of, size_t nstages, uint32_t *row, uint16_t *stage) {
  size_t n = 0;
  for (uint32_t i = 0; i < v->corpus->nrows; i++) {
    const Verdict *d = twin_verdict(v, i, of, nstages);
    if (d == NULL || view_status(v, d->twin) != STATUS_REJECTED) continue;
    const Verdict *fell = view_verdict(v, d->twin);
    if (fell == NULL || (fell->stage < nstages && of[fell->stage] == 1)) continue;
    row[n] = i;
    stage[n++] = d->stage;
  }
  return n;
}

/* ---- rewind ---- */

static Span name_of(const ViewColumn *c) { return span_str(c->name); }

/* Column by column, so that those in which nothing differs stay shared. */
static int rewind_metrics(View *w, const View *from, const uint32_t *rows, size_t n) {
  for (size_t m = 0; m < w->nmetrics; m++) {
    const double *then = view_metric(from, name_of(&w->metric[m])), *now = column_f64(w->metric[m].col);
    double *mine = NULL;
    for (size_t i = 0; i < n; i++) {
      double value = then != NULL ? then[rows[i]] : NAN;
      if (now[rows[i]] == value || (isnan(now[rows[i]]) && isnan(value))) continue;
      if (mine == NULL) now = mine = view_own_metric(w, name_of(&w->metric[m]));
      if (mine == NULL) return -1;
      mine[rows[i]] = value;
    }
  }
  return 0;
}

static int rewind_annotations(View *w, const View *from, const uint32_t *rows, size_t n) {
  for (size_t a = 0; a < w->nannotations; a++) {
    const uint32_t *then = view_annotation_column(from, name_of(&w->annotation[a]));
    const uint32_t *now = column_u32(w->annotation[a].col);
    uint32_t *mine = NULL;
    for (size_t i = 0; i < n; i++) {
      uint32_t value = then != NULL ? then[rows[i]] : NAME_NONE;
      if (now[rows[i]] == value) continue;
      if (mine == NULL) now = mine = view_own_annotation(w, name_of(&w->annotation[a]));
      if (mine == NULL) return -1;
      mine[rows[i]] = value;
    }
  }
  return 0;
}

static int rewind_edits(View *w, const View *from, const uint32_t *rows, size_t n) {
  uint32_t *mine = NULL;
  for (size_t i = 0; i < n; i++) {
    uint32_t then = from->edit != NULL ? column_u32(from->edit)[rows[i]] : PLACE_NONE;
    uint32_t now = w->edit != NULL ? column_u32(w->edit)[rows[i]] : PLACE_NONE;
    if (then == now) continue;
    if (mine == NULL) mine = view_own_edit(w);
    if (mine == NULL) return -1;
    mine[rows[i]] = then;
  }
  return 0;
}

static int rewind_status(View *w, const uint32_t *rows, size_t n) {
  uint8_t *status = view_own_status(w);
  if (status == NULL) return -1;
  for (size_t i = 0; i < n; i++) {
    if (status[rows[i]] == STATUS_STANDING) continue;
    if (status[rows[i]] == STATUS_REJECTED) w->rejected--;
    else w->quarantined--;
    status[rows[i]] = STATUS_STANDING;
    w->standing++;
  }
  return 0;
}

/* Metrics and annotations that `from` alone has: rows that come from there bring theirs. */
static int add_columns(View *w, const View *from) {
  for (size_t m = 0; m < from->nmetrics; m++)
    if (view_metric(w, name_of(&from->metric[m])) == NULL &&
        view_own_metric(w, name_of(&from->metric[m])) == NULL) return -1;
  for (size_t a = 0; a < from->nannotations; a++)
    if (view_annotation_column(w, name_of(&from->annotation[a])) == NULL &&
        view_own_annotation(w, name_of(&from->annotation[a])) == NULL) return -1;
  return 0;
}

View *view_rewind(const View *v, const View *from, const uint32_t *rows, size_t n, Error *err) {
  View *w = view_child(v);
  if (w != NULL && add_columns(w, from) == 0 && rewind_status(w, rows, n) == 0 &&
      rewind_edits(w, from, rows, n) == 0 && rewind_metrics(w, from, rows, n) == 0 &&
      rewind_annotations(w, from, rows, n) == 0) return w;
  view_unref(w);
  error_memory(err);
  return NULL;
}

View *view_texts_of(const View *v, const View *from) {
  View *w = view_child(v);
  if (w == NULL) return NULL;
  column_unref(w->edit);
  w->edit = column_ref(from->edit);
  return w;
}

/* ---- groups ---- */

/* A group: it has two rows or more; one stands; one fell to a stage that is in no set. */
enum { HAS_OTHERS = 1, HAS_ROW = 2, CHOSEN = 4 };

int view_twin_groups(const View *v, const uint8_t *of, size_t nstages, const RowLink *link, size_t n,
                     TwinGroups *out) {
  uint32_t rows = v->corpus->nrows;
  uint32_t *parent = malloc(((size_t)rows + 1) * sizeof *parent);
  uint8_t *state = calloc((size_t)rows + 1, 1);   /* of a root */
  *out = (TwinGroups){ 0 };
  if (parent == NULL || state == NULL) {
    free(parent);
    free(state);
    return -1;
  }
  union_begin(parent, rows);
  for (uint32_t i = 0; i < rows; i++) {
    const Verdict *d = twin_verdict(v, i, of, nstages);
    if (d != NULL) union_join(parent, i, d->twin);
  }
  for (size_t i = 0; i < n; i++) union_join(parent, link[i].row, link[i].twin);
  for (uint32_t i = 0; i < rows; i++) {
    uint32_t root = union_root(parent, i);
    const Verdict *d = view_verdict(v, i);
    if (root != i) state[root] |= HAS_OTHERS;
    if (view_status(v, i) != STATUS_REJECTED) state[root] |= HAS_ROW;
    else if (d == NULL || d->stage >= nstages || of[d->stage] == 0) state[root] |= CHOSEN;
  }
  for (uint32_t i = 0; i < rows; i++) {
    out->groups += state[i] & HAS_OTHERS;
    out->empty += (state[i] & ~CHOSEN) == HAS_OTHERS;
    out->failed += state[i] == HAS_OTHERS;
  }
  free(parent);
  free(state);
  return 0;
}
