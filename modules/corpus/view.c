/* modules/corpus/view.c - see view.h */
#include "corpus/view.h"

#include <math.h>
#include <stdlib.h>

#include "core/spill.h"
#include "corpus/column.h"
#include "corpus/evidence.h"
#include "corpus/list.h"
#include "corpus/logs.h"

/* ---- columns ---- */

Column *column_new(size_t bytes) {
  Column *c = spill_alloc(sizeof *c + bytes);
  if (c == NULL) return NULL;
  atomic_init(&c->refs, 1);
  c->bytes = bytes;
  return c;
}

Column *column_copy(const Column *c) {
  Column *copy = column_new(c->bytes);
  if (copy != NULL) memcpy(copy->data, c->data, c->bytes);
  return copy;
}

Column *column_ref(Column *c) {
  if (c != NULL) atomic_fetch_add(&c->refs, 1);
  return c;
}

void column_unref(Column *c) {
  if (c != NULL && atomic_fetch_sub(&c->refs, 1) == 1) spill_free(c);
}

/* ---- life of a view ---- */

View *view_ref(View *v) {
  atomic_fetch_add(&v->refs, 1);
  return v;
}

static void pairs_unref(PairLayer *p) {
  while (p != NULL && atomic_fetch_sub(&p->refs, 1) == 1) {
    PairLayer *before = p->before;
    free(p->cluster);
    free(p->member);
    free(p);
    p = before;
  }
}

const PairLayer *view_pairs(const View *v, uint16_t stage) {
  const PairLayer *p = v->pairs;
  while (p != NULL && p->stage != stage) p = p->before;
  return p;
}

/* ---- what stages hand on ---- */

/* Objects in the order in which they were attached, the last one first. */
typedef struct AttachedLayer {
  atomic_int refs;
  struct AttachedLayer *before;
  Attached *object;
  size_t len;
  char name[];
} AttachedLayer;

Attached *attached_ref(Attached *a) {
  atomic_fetch_add(&a->refs, 1);
  return a;
}

void attached_unref(Attached *a) {
  if (a != NULL && atomic_fetch_sub(&a->refs, 1) == 1) a->destroy(a);
}

static AttachedLayer *layer_ref(AttachedLayer *l) {
  if (l != NULL) atomic_fetch_add(&l->refs, 1);
  return l;
}

static void layer_unref(AttachedLayer *l) {
  while (l != NULL && atomic_fetch_sub(&l->refs, 1) == 1) {
    AttachedLayer *before = l->before;
    attached_unref(l->object);
    free(l);
    l = before;
  }
}

View *view_attach(const View *v, Span name, Attached *object, Error *err) {
  View *w = view_child(v);
  AttachedLayer *l = w == NULL ? NULL : malloc(sizeof *l + name.len);
  if (l == NULL) {
    view_unref(w);
    error_memory(err);
    return NULL;
  }
  atomic_init(&l->refs, 1);
  l->before = w->attached;   /* the child's reference */
  l->object = attached_ref(object);
  l->len = name.len;
  if (name.len > 0) memcpy(l->name, name.ptr, name.len);
  w->attached = l;
  return w;
}

Attached *view_attached(const View *v, Span name, const char *type) {
  for (const AttachedLayer *l = v->attached; l != NULL; l = l->before) {
    int right = strcmp(l->object->type, type) == 0;
    if (name.len == 0 && right) return l->object;
    if (name.len > 0 && name.len == l->len && memcmp(l->name, name.ptr, l->len) == 0) return right ? l->object : NULL;
  }
  return NULL;
}

static void columns_free(ViewColumn *col, size_t n) {
  for (size_t i = 0; i < n; i++) {
    free(col[i].name);
    column_unref(col[i].col);
  }
  free(col);
}

void view_unref(View *v) {
  if (v == NULL || atomic_fetch_sub(&v->refs, 1) != 1) return;
  column_unref(v->status);
  column_unref(v->verdict);
  column_unref(v->edit);
  columns_free(v->metric, v->nmetrics);
  columns_free(v->annotation, v->nannotations);
  pairs_unref(v->pairs);
  layer_unref(v->attached);
  corpus_unref(v->corpus);
  free(v);
}

static View *view_empty(Corpus *c) {
  View *v = calloc(1, sizeof *v);
  if (v == NULL) return NULL;
  atomic_init(&v->refs, 1);
  v->corpus = corpus_ref(c);
  return v;
}

static ViewColumn *columns_share(const ViewColumn *from, size_t n) {
  ViewColumn *to = calloc(n + 1, sizeof *to);
  for (size_t i = 0; to != NULL && i < n; i++) {
    to[i].name = strdup(from[i].name);
    to[i].col = column_ref(from[i].col);
    if (to[i].name == NULL) {
      columns_free(to, i + 1);
      return NULL;
    }
  }
  return to;
}

View *view_child(const View *v) {
  View *w = view_empty(v->corpus);
  if (w == NULL) return NULL;
  w->status = column_ref(v->status);
  w->verdict = column_ref(v->verdict);
  w->edit = column_ref(v->edit);
  w->pairs = v->pairs;
  if (w->pairs != NULL) atomic_fetch_add(&w->pairs->refs, 1);
  w->attached = layer_ref(v->attached);
  w->standing = v->standing;
  w->rejected = v->rejected;
  w->quarantined = v->quarantined;
  w->metric = columns_share(v->metric, v->nmetrics);
  if (w->metric != NULL) w->nmetrics = v->nmetrics;
  w->annotation = columns_share(v->annotation, v->nannotations);
  if (w->annotation != NULL) w->nannotations = v->nannotations;
  if (w->metric != NULL && w->annotation != NULL) return w;
  view_unref(w);
  return NULL;
}

/* ---- copy on write ---- */

/* Makes *col this view's own; one that does not exist is made of `bytes` bytes of value fill. */
static void *own(Column **col, size_t bytes, int fill) {
  if (*col == NULL) {
    *col = column_new(bytes);
    if (*col == NULL) return NULL;
    memset((*col)->data, fill, bytes);
  } else if (atomic_load(&(*col)->refs) > 1) {
    Column *copy = column_copy(*col);
    if (copy == NULL) return NULL;
    column_unref(*col);
    *col = copy;
  }
  return (*col)->data;
}

uint8_t *view_own_status(View *v) { return own(&v->status, v->corpus->nrows, STATUS_STANDING); }
uint32_t *view_own_verdict(View *v) {
  return own(&v->verdict, (size_t)v->corpus->nrows * sizeof(uint32_t), 0xFF);
}
uint32_t *view_own_edit(View *v) {
  return own(&v->edit, (size_t)v->corpus->nrows * sizeof(uint32_t), 0xFF);
}

static ViewColumn *find(const ViewColumn *col, size_t n, Span name) {
  for (size_t i = 0; i < n; i++)
    if (span_eq(span_str(col[i].name), name)) return (ViewColumn *)&col[i];
  return NULL;
}

/* The column of that name, or a new one without data; NULL if out of memory. */
static ViewColumn *find_or_add(ViewColumn **col, size_t *n, Span name) {
  ViewColumn *c = find(*col, *n, name);
  if (c != NULL) return c;
  ViewColumn *more = realloc(*col, (*n + 1) * sizeof *more);
  if (more == NULL) return NULL;
  *col = more;
  more[*n] = (ViewColumn){ strndup(name.ptr, name.len), NULL };
  return more[*n].name == NULL ? NULL : &more[(*n)++];
}

double *view_metric_room(View *v, Span name, int fill) {
  ViewColumn *c = find_or_add(&v->metric, &v->nmetrics, name);
  if (c == NULL) return NULL;
  size_t bytes = (size_t)v->corpus->nrows * sizeof(double);
  if (c->col != NULL) return own(&c->col, bytes, 0);
  c->col = column_new(bytes);
  if (c->col == NULL) return NULL;
  double *data = column_f64(c->col);
  for (uint32_t i = 0; fill && i < v->corpus->nrows; i++) data[i] = NAN;
  return data;
}

double *view_own_metric(View *v, Span name) { return view_metric_room(v, name, 1); }

uint32_t *view_own_annotation(View *v, Span name) {
  ViewColumn *c = find_or_add(&v->annotation, &v->nannotations, name);
  if (c == NULL) return NULL;
  return own(&c->col, (size_t)v->corpus->nrows * sizeof(uint32_t), 0);
}

int view_reject(View *v, uint32_t row, const Verdict *d, size_t n) {
  uint32_t place = verdict_log_add(v->corpus, d, n);
  if (place == PLACE_NONE) return -1;
  column_u32(v->verdict)[row] = place;
  column_u8(v->status)[row] = d->quarantine ? STATUS_QUARANTINED : STATUS_REJECTED;
  v->standing--;
  if (d->quarantine) v->quarantined++;
  else v->rejected++;
  return 0;
}

/* ---- the first layer ---- */

static int reject_fault(View *v, const RowFault *f, Buf *text) {
  Corpus *c = v->corpus;
  text->len = 0;
  uint32_t reason = names_intern(c->names, span_str(row_state_reason(f->state)));
  if (reason == NAME_FAIL || evidence_fault(text, c, f) != 0) return -1;
  Span blob = logs_text(c, buf_span(text));
  if (blob.ptr == NULL) return -1;
  Verdict d = { .row = f->row, .reason = reason, .twin = PLACE_NONE, .value = NAN,
                .threshold = NAN, .blob = (char *)blob.ptr, .blob_len = (uint32_t)blob.len,
                .kind = EVIDENCE_JSON };
  return view_reject(v, f->row, &d, 1);
}

View *view_new(Corpus *c) {
  View *v = view_empty(c);
  if (v == NULL) return NULL;
  v->standing = c->nrows;
  Buf text = { 0 };
  int bad = logs_open(c) != 0 || view_own_status(v) == NULL;
  if (!bad && c->nfaults > 0) bad = view_own_verdict(v) == NULL;
  for (size_t i = 0; !bad && i < c->nfaults; i++) bad = reject_fault(v, &c->faults[i], &text) != 0;
  buf_free(&text);
  if (!bad) return v;
  view_unref(v);
  return NULL;
}

/* ---- reading ---- */

Status view_status(const View *v, uint32_t row) { return column_u8(v->status)[row]; }

const Verdict *view_verdict(const View *v, uint32_t row) {
  if (v->verdict == NULL || column_u8(v->status)[row] == STATUS_STANDING) return NULL;
  uint32_t place = column_u32(v->verdict)[row];
  return place == PLACE_NONE ? NULL : verdict_log_at(v->corpus, place);
}

const double *view_metric(const View *v, Span name) {
  const ViewColumn *c = find(v->metric, v->nmetrics, name);
  return c == NULL ? NULL : column_f64(c->col);
}

const uint32_t *view_annotation_column(const View *v, Span name) {
  const ViewColumn *c = find(v->annotation, v->nannotations, name);
  return c == NULL ? NULL : column_u32(c->col);
}

uint32_t view_annotation(const View *v, Span name, uint32_t row) {
  const uint32_t *ids = view_annotation_column(v, name);
  return ids == NULL ? NAME_NONE : ids[row];
}

size_t view_edits(const View *v, uint32_t row, const Edit **out) {
  uint32_t place = v->edit == NULL ? PLACE_NONE : column_u32(v->edit)[row];
  if (place == PLACE_NONE) return 0;
  *out = edit_log_at(v->corpus, place);
  return (*out)->left;
}

size_t view_replaced(const View *v, uint32_t row, const Edit **out) {
  const Edit *edit;
  size_t n = view_edits(v, row, &edit);
  if (n == 0) return 0;
  *out = edit + n;
  return edit->replaced;
}

void view_edited_by(const View *v, uint32_t *count, size_t nstages) {
  if (v->edit == NULL) return;
  for (uint32_t row = 0; row < v->corpus->nrows; row++) {
    const Edit *e;
    size_t n = view_edits(v, row, &e);
    if (n > 0) n += e->replaced;
    for (size_t i = 0; i < n; i++) {
      size_t before = 0;   /* a stage counts once a row, at its first edit */
      while (before < i && e[before].stage != e[i].stage) before++;
      if (before == i && e[i].stage < nstages) count[e[i].stage]++;
    }
  }
}

size_t view_edited(const View *v) {
  if (v->edit == NULL) return 0;
  const uint8_t *status = column_u8(v->status);
  const uint32_t *edit = column_u32(v->edit);
  size_t n = 0;
  for (uint32_t i = 0; i < v->corpus->nrows; i++)
    n += status[i] == STATUS_STANDING && edit[i] != PLACE_NONE;
  return n;
}

void view_standing(const View *v, uint32_t *out) {
  const uint8_t *status = column_u8(v->status);
  for (uint32_t i = 0; i < v->corpus->nrows; i++)
    if (status[i] == STATUS_STANDING) *out++ = i;
}

/* ---- verdicts of a corpus stage ---- */

VerdictList *verdicts_new(void) { return calloc(1, sizeof(VerdictList)); }

int verdicts_add(VerdictList *v, VerdictEntry e) {
  VerdictEntry *p = LIST_PUSH(v->entry, v->n, v->cap);
  if (p == NULL) return -1;
  *p = e;
  return 0;
}

/* Arrays without a capacity of their own grow at powers of two. */
static int grow_pow2(void *array, size_t n, size_t size) {
  if (n > 0 && (n & (n - 1)) != 0) return 1;
  void *old;
  memcpy(&old, array, sizeof old);
  void *p = realloc(old, (n > 0 ? n * 2 : 1) * size);
  if (p == NULL) return 0;
  memcpy(array, &p, sizeof p);
  return 1;   /* cppcheck-suppress memleak ; the array holds it */
}

int verdicts_add_blob(VerdictList *v, Span json) {
  if (v->nblobs >= INT32_MAX || !grow_pow2(&v->blobs, v->nblobs, sizeof *v->blobs)) return -1;
  char *copy = malloc(json.len + 1);
  if (copy == NULL) return -1;
  if (json.len > 0) memcpy(copy, json.ptr, json.len);
  v->blobs[v->nblobs] = span_of(copy, json.len);
  return (int)v->nblobs++;
}

int verdicts_add_pair(VerdictList *v, VerifiedPair p) {
  if (!grow_pow2(&v->pairs, v->npairs, sizeof *v->pairs)) return -1;
  v->pairs[v->npairs++] = p;
  return 0;
}

void verdicts_free(VerdictList *v) {
  if (v == NULL) return;
  for (size_t i = 0; i < v->nblobs; i++) free((char *)v->blobs[i].ptr);
  free(v->blobs);
  free(v->entry);
  free(v->pairs);
  free(v->clusters);
  free(v->members);
  free(v->metric);
  free(v);
}

/* What apply needs at every entry. */
typedef struct Apply {
  View *view;
  const VerdictList *list;
  uint16_t stage;
  uint32_t field, reason[VERDICTS_MAX_REASONS];   /* names ids */
} Apply;

static int apply_entry(Apply *a, const VerdictEntry *e) {
  View *v = a->view;
  if (column_u8(v->status)[e->row] != STATUS_STANDING) return 0;
  Verdict d = { .row = e->row, .reason = a->reason[e->reason], .field = a->field, .twin = e->twin,
                .value = e->value, .threshold = e->threshold, .stage = a->stage,
                .measure = a->list->measure != 0, .quarantine = e->quarantine != 0 };
  if (e->blob >= 0) {
    Span blob = logs_text(v->corpus, a->list->blobs[e->blob]);
    if (blob.ptr == NULL) return -1;
    d.kind = EVIDENCE_JSON;
    d.blob = (char *)blob.ptr;
    d.blob_len = (uint32_t)blob.len;
  } else if (e->twin != PLACE_NONE) {
    d.kind = EVIDENCE_TWIN;
    d.via = e->via;
  } else if (!isnan(e->value) || !isnan(e->threshold)) {
    d.kind = EVIDENCE_THRESHOLD;
  }
  return view_reject(v, e->row, &d, 1);
}

static int by_row(const void *x, const void *y) {
  const VerdictEntry *a = x, *b = y;
  return (a->row > b->row) - (a->row < b->row);
}

/* The entries in row order: the list's own when they are, else a sorted copy in *owned. */
static const VerdictEntry *in_row_order(const VerdictList *list, VerdictEntry **owned) {
  size_t i = 1;
  while (i < list->n && list->entry[i - 1].row <= list->entry[i].row) i++;
  if (i >= list->n) return list->entry;
  *owned = malloc(list->n * sizeof **owned);
  if (*owned == NULL) return NULL;
  memcpy(*owned, list->entry, list->n * sizeof **owned);
  qsort(*owned, list->n, sizeof **owned, by_row);
  return *owned;
}

static int by_pair(const void *x, const void *y) {
  const VerifiedPair *a = x, *b = y;
  if (a->a != b->a) return a->a < b->a ? -1 : 1;
  return (a->b > b->b) - (a->b < b->b);
}

static int in_pair_order(const VerifiedPair *p, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (by_pair(&p[i - 1], &p[i]) > 0) return 0;
  return 1;
}

/* NULL if out of memory. */
static void *copy_of(const void *array, size_t n, size_t size) {
  void *copy = malloc((n + 1) * size);
  if (copy != NULL && n > 0) memcpy(copy, array, n * size);
  return copy;
}

/* The list's pairs and those of a layer before it, in order, each once; how many. */
static size_t merge_pairs(VerifiedPair *to, const PairLayer *before, const VerdictList *list) {
  size_t n = list->npairs, once = 0;
  if (n > 0) memcpy(to, list->pairs, n * sizeof *to);
  if (before != NULL && before->n > 0) memcpy(to + n, before->pair, before->n * sizeof *to);
  if (before != NULL) n += before->n;
  if (!in_pair_order(to, n)) qsort(to, n, sizeof *to, by_pair);
  for (size_t i = 0; before != NULL && i < n; i++)
    if (once == 0 || by_pair(&to[once - 1], &to[i]) != 0) to[once++] = to[i];
  return before != NULL ? once : n;
}

/* Rows visited again add to what their stage left: its layer so far stays beneath. */
static int add_pairs(View *v, uint16_t stage, const VerdictList *list) {
  if (list->npairs == 0 && list->nclusters == 0) return 0;
  const PairLayer *before = list->again ? view_pairs(v, stage) : NULL;
  PairLayer *p = malloc(sizeof *p + (list->npairs + (before != NULL ? before->n : 0)) * sizeof p->pair[0]);
  if (p == NULL) return -1;
  atomic_init(&p->refs, 1);
  p->before = v->pairs;   /* takes over this view's reference */
  p->stage = stage;
  p->n = merge_pairs(p->pair, before, list);
  p->nclusters = before != NULL ? before->nclusters : list->nclusters;
  p->nmembers = before != NULL ? before->nmembers : list->nmembers;
  p->cluster = copy_of(before != NULL ? before->cluster : list->clusters, p->nclusters, sizeof *p->cluster);
  p->member = copy_of(before != NULL ? before->member : list->members, p->nmembers, sizeof *p->member);
  v->pairs = p;
  return p->cluster == NULL || p->member == NULL ? -1 : 0;
}

static int add_metric(View *v, uint16_t stage, const VerdictList *list) {
  if (list->metric == NULL) return 0;
  Buf name = { 0 };
  int bad = buf_printf(&name, "%s.%s", corpus_stage_name(v->corpus, stage), list->metric_name) != 0;
  double *col = bad ? NULL : view_own_metric(v, buf_span(&name));
  buf_free(&name);
  if (col == NULL) return -1;
  for (uint32_t i = 0; i < v->corpus->nrows; i++)   /* a stage may judge in two steps: what it did not look at stays */
    if (!isnan(list->metric[i])) col[i] = list->metric[i];
  return 0;
}

static int check_entries(const View *v, const VerdictEntry *e, size_t n, Error *err) {
  uint32_t rows = v->corpus->nrows;
  for (size_t i = 0; i < n; i++) {
    if (e[i].row >= rows || (e[i].twin != PLACE_NONE && e[i].twin >= rows))
      return error_set(err, "a verdict names a row beyond the last, %u", rows);
    if (i > 0 && e[i].row == e[i - 1].row)
      return error_set(err, "row %u has two verdicts of one stage", e[i].row + 1);
  }
  return 0;
}

static int intern_words(Apply *a) {
  const VerdictList *list = a->list;
  Names *names = a->view->corpus->names;
  a->field = list->field == NULL ? NAME_NONE : names_intern(names, span_str(list->field));
  if (a->field == NAME_FAIL) return -1;
  for (int i = 0; i < VERDICTS_MAX_REASONS && list->reasons[i] != NULL; i++) {
    a->reason[i] = names_intern(names, span_str(list->reasons[i]));
    if (a->reason[i] == NAME_FAIL) return -1;
  }
  return 0;
}

static int apply_all(Apply *a, Error *err) {
  const VerdictList *list = a->list;
  View *v = a->view;
  if (intern_words(a) != 0) return error_memory(err);
  if (add_pairs(v, a->stage, list) != 0 || add_metric(v, a->stage, list) != 0) return error_memory(err);
  if (list->n == 0) return 0;
  if (view_own_status(v) == NULL || view_own_verdict(v) == NULL) return error_memory(err);
  VerdictEntry *owned = NULL;
  const VerdictEntry *entry = in_row_order(list, &owned);
  int bad = entry == NULL;
  if (bad) error_memory(err);
  else bad = check_entries(v, entry, list->n, err) != 0;
  for (size_t i = 0; !bad && i < list->n; i++)
    if (apply_entry(a, &entry[i]) != 0) bad = error_memory(err) != 0;
  free(owned);
  return bad ? -1 : 0;
}

View *view_apply(const View *v, uint16_t stage, const VerdictList *list, Error *err) {
  Apply a = { .view = view_child(v), .list = list, .stage = stage };
  if (a.view == NULL) error_memory(err);
  else if (apply_all(&a, err) == 0) return a.view;
  view_unref(a.view);
  return NULL;
}

View *view_annotate(const View *v, Span name, const uint32_t *ids, Error *err) {
  View *w = view_child(v);
  uint32_t *col = w == NULL ? NULL : view_own_annotation(w, name);
  if (col == NULL) {
    view_unref(w);
    error_memory(err);
    return NULL;
  }
  memcpy(col, ids, v->corpus->nrows * sizeof *ids);
  return w;
}

View *view_measure(const View *v, Span name, const double *values, Error *err) {
  View *w = view_child(v);
  double *col = w == NULL ? NULL : view_own_metric(w, name);
  if (col == NULL) {
    view_unref(w);
    error_memory(err);
    return NULL;
  }
  memcpy(col, values, v->corpus->nrows * sizeof *values);
  return w;
}
