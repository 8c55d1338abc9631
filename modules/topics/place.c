/* modules/topics/place.c - see place.h */
#include "topics/place.h"

#include <math.h>
#include <stdlib.h>

#include "select/select.h"

/* ---- life ---- */

Placed *placed_new(const Centroids *c, Vectors *v, Pool *pool, Error *err) {
  Placed *p = calloc(1, sizeof *p);
  if (p == NULL) {
    error_memory(err);
    return NULL;
  }
  atomic_init(&p->refs, 1);
  p->v = vectors_ref(v);
  p->k = c->k;
  p->of = malloc((size_t)v->n * sizeof *p->of + 1);
  p->cosine = malloc((size_t)v->n * sizeof *p->cosine + 1);
  if (p->of == NULL || p->cosine == NULL) error_memory(err);
  else if (kmeans_nearest(c, v, NULL, v->n, pool, p->of, p->cosine, err) == 0) return p;
  placed_unref(p);
  return NULL;
}

Placed *placed_ref(Placed *p) {
  atomic_fetch_add(&p->refs, 1);
  return p;
}

void placed_unref(Placed *p) {
  if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1) return;
  vectors_unref(p->v);
  free(p->of);
  free(p->cosine);
  free(p);
}

/* ---- figures ---- */

static int stands(const Placed *p, const View *view, uint32_t slot) {
  return view_status(view, p->v->row[slot]) == STATUS_STANDING;
}

Sizes placed_sizes(const Placed *p, const View *view, double min, uint32_t *size) {
  Sizes s = { 0, 0, 0 };
  uint32_t with = 0;
  for (uint32_t c = 0; c < p->k; c++) size[c] = 0;
  for (uint32_t i = 0; i < p->v->n; i++) {
    if (!stands(p, view, i)) continue;
    with++;
    s.objective += p->cosine[i];
    if (p->cosine[i] < min) s.nowhere++;
    else size[p->of[i]]++;
  }
  s.without = (uint32_t)(view->standing - with);
  return s;
}

static int by_value(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

uint32_t placed_cosines(const Placed *p, const View *view, double *out) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->v->n; i++)
    if (stands(p, view, i)) out[n++] = p->cosine[i];
  qsort(out, n, sizeof *out, by_value);
  return n;
}

/* ---- rows that tell ---- */

typedef struct Told { double value; uint64_t place; uint32_t row, of; } Told;

/* By topic, then by value from the highest, then by place, then by row. */
static int by_topic(const void *x, const void *y) {
  const Told *a = x, *b = y;
  if (a->of != b->of) return a->of < b->of ? -1 : 1;
  if (a->value != b->value) return a->value > b->value ? -1 : 1;
  if (a->place != b->place) return a->place < b->place ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

/* The rows of topics, or of none: how many are in out. */
static uint32_t tell(const Placed *p, const View *view, double min, int nowhere, Told *out) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->v->n; i++) {
    if (!stands(p, view, i) || (p->cosine[i] < min) != nowhere) continue;
    out[n++] = (Told){ nowhere ? -p->cosine[i] : p->cosine[i], 0, p->v->row[i], nowhere ? 0 : p->of[i] };
  }
  return n;
}

static int same_bytes(const View *view, uint32_t a, uint32_t b) {
  Hash128 x = view->corpus->identity[a], y = view->corpus->identity[b];
  return x.hi == y.hi && x.lo == y.lo;
}

int placed_central(const Placed *p, const View *view, double min, uint32_t most, uint32_t *row) {
  Told *all = malloc((size_t)p->v->n * sizeof *all + 1);
  if (all == NULL) return -1;
  uint32_t n = tell(p, view, min, 0, all), in = 0;
  qsort(all, n, sizeof *all, by_topic);
  for (size_t i = 0; i < (size_t)p->k * most; i++) row[i] = PLACE_NONE;
  for (uint32_t i = 0; i < n; i++) {
    if (i == 0 || all[i].of != all[i - 1].of) in = 0;
    uint32_t *mine = row + (size_t)all[i].of * most;
    int twice = 0;
    for (uint32_t k = 0; k < in; k++) twice |= same_bytes(view, mine[k], all[i].row);
    if (in < most && !twice) mine[in++] = all[i].row;
  }
  free(all);
  return 0;
}

int64_t placed_far(const Placed *p, const View *view, double min, uint32_t most, uint32_t *row) {
  Told *all = malloc((size_t)p->v->n * sizeof *all + 1);
  if (all == NULL) return -1;
  uint32_t n = tell(p, view, min, 1, all);
  qsort(all, n, sizeof *all, by_topic);
  if (n > most) n = most;
  for (uint32_t i = 0; i < n; i++) row[i] = all[i].row;
  free(all);
  return n;
}

int placed_sample(const Placed *p, const View *view, double min, uint32_t most, uint64_t seed, uint32_t *row,
                  uint32_t *first) {
  Told *all = malloc((size_t)p->v->n * sizeof *all + 1);
  if (all == NULL) return -1;
  uint32_t n = tell(p, view, min, 0, all), at = 0, to = 0;
  for (uint32_t i = 0; i < n; i++) {
    all[i].value = 0;
    all[i].place = select_place(view->corpus->identity[all[i].row], seed);
  }
  qsort(all, n, sizeof *all, by_topic);
  for (uint32_t c = 0; c < p->k; c++) {
    first[c] = to;
    uint32_t taken = 0;
    for (; at < n && all[at].of == c; at++)
      if (taken < most) row[to++] = all[at].row, taken++;
  }
  first[p->k] = to;
  free(all);
  return 0;
}

/* ---- the operator ---- */

typedef struct PlacedOp {
  RowOp op;
  Placed *placed;
  double min;
  char *text;            /* the bytes of the spans below */
  Span annotation, unknown;
  Span *name;            /* [k] */
} PlacedOp;

static int run(const RowOp *op, Row *row, Out *out) {
  const PlacedOp *o = (const PlacedOp *)op;
  const Placed *p = o->placed;
  uint32_t slot = row->index < p->v->nrows ? p->v->slot[row->index] : VECTOR_NONE;
  Span topic = o->unknown;
  if (slot != VECTOR_NONE) {
    if (p->cosine[slot] >= o->min) topic = o->name[p->of[slot]];
    if (out_metric(out, 0, p->cosine[slot]) != 0) return -1;
  }
  return out_annotate(out, o->annotation, (Value){ .type = VALUE_STRING, .text = topic });
}

static void destroy(RowOp *op) {
  PlacedOp *o = (PlacedOp *)op;
  placed_unref(o->placed);
  free(o->text);
  free(o->name);
  free(o);
}

static Span copy_to(char **at, Span from) {
  Span to = span_of(*at, from.len);
  if (from.len > 0) memcpy(*at, from.ptr, from.len);
  *at += from.len;
  return to;
}

RowOp *placed_op(const PlacedRule *rule) {
  PlacedOp *o = calloc(1, sizeof *o);
  if (o == NULL) return NULL;
  rowop_init(&o->op, run, destroy);
  o->placed = placed_ref(rule->placed);
  o->min = rule->min;
  uint32_t k = rule->placed->k;
  size_t len = rule->annotation.len + rule->unknown.len + 1;
  for (uint32_t c = 0; c < k; c++) len += rule->name[c].len;
  char *at = o->text = malloc(len);
  o->name = malloc((k + 1u) * sizeof *o->name);
  if (at == NULL || o->name == NULL || rowop_add_metric(&o->op, rule->metric) < 0) {
    rowop_unref(&o->op);
    return NULL;
  }
  o->annotation = copy_to(&at, rule->annotation);
  o->unknown = copy_to(&at, rule->unknown);
  for (uint32_t c = 0; c < k; c++) o->name[c] = copy_to(&at, rule->name[c]);
  return &o->op;
}

static int say_nothing(const RowOp *op, Row *row, Out *out) {
  (void)op;
  (void)row;
  (void)out;
  return 0;
}

static void destroy_idle(RowOp *op) { free(op); }

RowOp *placed_idle(void) {
  RowOp *op = calloc(1, sizeof *op);
  if (op != NULL) rowop_init(op, say_nothing, destroy_idle);
  return op;
}
