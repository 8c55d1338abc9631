/* modules/cosine/semantic_dedup.c - see semantic_dedup.h */
#include "cosine/semantic_dedup.h"

#include <stdlib.h>
#include <string.h>

#include "neardup/marks.h"

/* Rows of a view, ready to be compared. */
typedef struct Open {
  Rows rows;
  LeaderParams p;       /* first, barred and rank are of these rows */
  ViewTexts texts;      /* for their length alone */
  double *rank;
  uint32_t *slot;       /* [n] */
  uint32_t *order;      /* [n] */
} Open;

static void open_free(Open *o) {
  view_texts_free(&o->texts);
  rows_free(&o->rows);
  free(o->rank);
  free(o->slot);
  free(o->order);
}

/* o->rows is set. */
static int open_rows(Open *o, const View *v, const SemanticStage *s, Pool *pool, Error *err) {
  const Rows *rows = &o->rows;
  o->p = s->leaders;
  o->p.shingle = 1;   /* texts are read for their length in code points */
  o->p.first = rows->first;
  o->p.barred = rows->barred;
  o->slot = malloc((rows->n + 1) * sizeof *o->slot);
  o->order = malloc((rows->n + 1) * sizeof *o->order);
  if (o->slot == NULL || o->order == NULL) return error_memory(err);
  for (size_t i = 0; i < rows->n; i++) o->slot[i] = s->vectors->slot[rows->row[i]];
  if (s->leaders.rank != NULL) {
    o->p.rank = o->rank = malloc((rows->n + 1) * sizeof *o->rank);
    if (o->rank == NULL) return error_memory(err);
    for (size_t i = 0; i < rows->n; i++) o->rank[i] = s->leaders.rank[rows->row[i]];
  }
  return view_texts_init(&o->texts, v, rows->row, rows->n, NEARDUP_FIELDS, 0, pool) != 0 ? error_memory(err) : 0;
}

static int order_rows(Open *o, Pool *pool, Error *err) {
  int r = leaders_order(&o->texts.source, &o->p, pool, o->order);
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}

static int find(Open *o, const SemanticStage *s, Pool *pool, Leaders *l, CosineFigures *figures,
                ApproximateFigures *approximate, Error *err) {
  const SemanticParams p = { &o->p, s->list, approximate };
  int r = order_rows(o, pool, err);
  return r != 0 ? r : semantic_find(s->vectors, o->slot, o->rows.n, o->order, &p, pool, l, figures, err);
}

static int count(SemanticCounts *counts, const Open *o, const Leaders *l, const CosineFigures *figures, Error *err) {
  *counts = (SemanticCounts){ .rows = o->rows.n, .search = *figures };
  ClusterFigures *f = &counts->clusters;
  if (cluster_figures(l->twin, l->jaccard, l->n, o->p.most_rows, f) != 0) return error_memory(err);
  if (f->largest_of != TEXT_NONE) f->largest_of = o->rows.row[f->largest_of];
  if (f->loosest_of != TEXT_NONE) {
    counts->loosest_twin = o->rows.row[l->twin[f->loosest_of]];
    f->loosest_of = o->rows.row[f->loosest_of];
  }
  for (size_t i = 0; i < l->n; i++) {
    counts->open += l->open[i];
    counts->without += o->slot[i] == VECTOR_NONE;
  }
  return 0;
}

static VerdictList *new_list(const View *v, const SemanticStage *s, Error *err) {
  VerdictList *list = neardup_list(v, s->fields, "semantic_duplicate", err);
  if (list == NULL) return NULL;
  list->measure = 1;
  if (s->fields == 0) list->field = NULL;
  return list;
}

static int first_visit(VerdictList *list, const View *v, const SemanticStage *s, Pool *pool, SemanticCounts *counts,
                       Error *err) {
  Open o = { 0 };
  Leaders l = { 0 };
  CosineFigures figures;
  ApproximateFigures approximate = { 0 };
  int r = rows_of(&o.rows, v, err);
  if (r == 0) r = open_rows(&o, v, s, pool, err);
  if (r == 0) r = find(&o, s, pool, &l, &figures, s->approximate ? &approximate : NULL, err);
  if (r == 0) r = leaders_verdicts(list, v, &o.rows, &l, "cosine", err);
  if (r == 0 && counts != NULL) r = count(counts, &o, &l, &figures, err);
  if (r == 0 && counts != NULL) counts->approximate = approximate;
  leaders_free(&l);
  open_free(&o);
  return r;
}

VerdictList *semantic_dedup(const View *v, const SemanticStage *s, Pool *pool, SemanticCounts *counts, Error *err) {
  err->text[0] = '\0';
  VerdictList *list = new_list(v, s, err);
  if (list == NULL || first_visit(list, v, s, pool, counts, err) == 0) return list;
  verdicts_free(list);
  return NULL;
}

/* ---- a second visit ---- */

typedef struct Near { uint8_t *is; } Near;   /* [rows] 1: visited again, or a match of one that is */

/* Several workers may set one byte, to the same. */
static int is_new(void *ctx, uint32_t a, uint32_t b) {
  const Near *near = ctx;
  (void)a;
  return !__atomic_load_n(&near->is[b], __ATOMIC_RELAXED);
}

static int take_near(void *ctx, int worker, uint32_t a, uint32_t b, double cosine) {
  Near *near = ctx;
  (void)worker, (void)a, (void)cosine;
  __atomic_store_n(&near->is[b], 1, __ATOMIC_RELAXED);
  return 0;
}

/* Of all standing rows those that are visited again and those that match one; without a vector the former alone. */
static int near_rows(Rows *rows, const Vectors *v, const NeardupAgain *again, double threshold, Pool *pool) {
  uint32_t *slot = malloc((rows->n + 1) * sizeof *slot), *asked = malloc((again->n + 1) * sizeof *asked);
  uint32_t *row = malloc((rows->n + 1) * sizeof *row);
  Near near = { calloc(rows->n + 1, 1) };
  ScanSide mine = { asked, 0 }, all = { slot, 0 };
  const ScanSink sink = { is_new, take_near, &near };
  int r = slot == NULL || asked == NULL || row == NULL || near.is == NULL ? -1 : 0;
  for (size_t i = 0; r == 0 && i < again->n; i++)
    if (v->slot[again->row[i]] != VECTOR_NONE) asked[mine.n++] = v->slot[again->row[i]];
  for (size_t i = 0; r == 0 && i < rows->n; i++) {
    if (v->slot[rows->row[i]] == VECTOR_NONE) continue;
    row[all.n] = rows->row[i];
    slot[all.n++] = v->slot[rows->row[i]];
  }
  if (r == 0) r = cosine_scan(v, &mine, &all, threshold, &sink, pool);
  size_t n = 0;
  for (size_t i = 0, k = 0, at = 0; r == 0 && i < rows->n; i++) {
    const uint32_t me = rows->row[i];
    while (k < again->n && again->row[k] < me) k++;
    const int is_near = at < all.n && row[at] == me && near.is[at];
    at += at < all.n && row[at] == me;
    if (is_near || (k < again->n && again->row[k] == me)) rows->row[n++] = me;
  }
  if (r == 0) rows->n = n;
  free(slot);
  free(asked);
  free(row);
  free(near.is);
  return r;
}

static int second_visit(VerdictList *list, const View *v, const SemanticStage *s, const NeardupAgain *again, Pool *pool,
                        Error *err) {
  Open o = { 0 };
  Leaders l = { 0 };
  int r = rows_of(&o.rows, v, err);
  if (r == 0) {
    r = near_rows(&o.rows, s->vectors, again, s->leaders.threshold, pool);
    if (r == 0 && rows_again(&o.rows, v, again) != 0) r = -1;
    if (r == -1) error_memory(err);
  }
  if (r == 0) r = open_rows(&o, v, s, pool, err);
  if (r == 0) r = find(&o, s, pool, &l, NULL, NULL, err);
  if (r == 0) r = leaders_verdicts(list, v, &o.rows, &l, "cosine", err);
  leaders_free(&l);
  open_free(&o);
  return r;
}

VerdictList *semantic_dedup_again(const View *v, const SemanticStage *s, const NeardupAgain *again, Pool *pool,
                                  Error *err) {
  err->text[0] = '\0';
  VerdictList *list = new_list(v, s, err);
  if (list == NULL) return NULL;
  list->again = 1;
  if (second_visit(list, v, s, again, pool, err) == 0) return list;
  verdicts_free(list);
  return NULL;
}

/* ---- sweep ---- */

typedef struct Again { const SemanticStage *stage; const Open *open; } Again;

static int judge_again(void *ctx, const uint32_t *text, size_t n, const LeaderParams *given, Pool *pool, Leaders *out,
                       Error *err) {
  const Again *a = ctx;
  const TextSource none = { .n = n };   /* the order goes by given->rank: no text is read */
  const SemanticParams p = { given, a->stage->list, NULL };
  uint32_t *slot = malloc((n + 1) * sizeof *slot), *order = malloc((n + 1) * sizeof *order);
  *out = (Leaders){ 0 };
  int r = slot == NULL || order == NULL ? -1 : leaders_order(&none, given, pool, order);
  if (r == -1) error_memory(err);
  for (size_t i = 0; r == 0 && i < n; i++) slot[i] = a->open->slot[text[i]];
  if (r == 0) r = semantic_find(a->stage->vectors, slot, n, order, &p, pool, out, NULL, err);
  free(slot);
  free(order);
  return r;
}

int semantic_dedup_sweep(const View *v, const SemanticStage *s, const SweepEvidence *e, const SweepParams *given,
                         Pool *pool, SweepStep *step, Error *err) {
  Open o = { 0 };
  Again again = { s, &o };
  SweepParams p = *given;
  p.judge = judge_again;
  p.ctx = &again;
  for (size_t i = 0; i < p.nsteps; i++) step[i] = (SweepStep){ 0 };
  int r = rows_of(&o.rows, v, err);
  if (r == 0) r = open_rows(&o, v, s, pool, err);
  if (r == 0) r = neardup_sweep_texts(v, &o.rows, &o.texts.source, &o.p, e, &p, pool, step, err);
  open_free(&o);
  return r;
}
